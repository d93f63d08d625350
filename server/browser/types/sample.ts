// A page's code as TypeScript sees it. What must not pass says so: the compiler
// fails on an expected error that is none.
import { connect, NaboError } from "nabo";
import type { Ack, Answer, Nabo, OfferRecomm, Recomm } from "nabo";

const nabo: Nabo = connect({
  url: "https://nabo.example", member: "m-1", session: "s-1", store: "1",
  consent: () => true, storage: sessionStorage, onstatus: ({ live, waiting }) => console.info(live, waiting + 1),
});
connect();
connect({ storage: null });
// @ts-expect-error: a customer who is asked later is asked by a function
connect({ consent: true });
// @ts-expect-error: there is no such option
connect({ members: "m-1" });

const ack: Ack = await nabo.view("1001");
await nabo.scan("1001", -1);
await nabo.cart("1001");
await nabo.cart([{ product: "1001", qty: 2 }, "1002"], "set");
// @ts-expect-error: not an action
await nabo.cart("1001", "empty");
await nabo.send("consent.changed", { purpose: "marketing", granted: true });
await nabo.send("receipt", { products: ["1001"] }, { id: "r-1", source: "shop" });
await nabo.send("something.else", { of: "tomorrow" });
await nabo.shown("01M80J04M7GV69RPEJ65PYFKT2", ["1001"], "app");
await nabo.clicked("01M80J04M7GV69RPEJ65PYFKT2", "o-1", "1001");
const bought = await nabo.purchased(["1001", { product: "1002", price: 9.95 }], { offers: ["o-1"], id: "r-2" });
const who: string | undefined = bought.attributed[0]?.recommId;

const together: Answer = await nabo.together("1001", { count: 3, minSupport: 2, minSeq: ack.seq });
const support: number | undefined = together.recomms[0]?.support;
await nabo.similar("1001", { signal: AbortSignal.timeout(500) });
await nabo.trending({ window: "7d", category: "Dairy" });
// @ts-expect-error: not a window
await nabo.trending({ window: "1y" });
await nabo.basket(["1001"], { explain: true });
await nabo.basket();
await nabo.products({ logic: "discover" });
const { recomms, activationsLeft } = await nabo.offers({ filter: "offer.price < 5.0", diversity: 0.5 });
const offer: OfferRecomm | undefined = recomms[0];
// @ts-expect-error: offers have no support
const none = offer.support;
const next: OfferRecomm | null = (await nabo.activate("o-1", { channel: "app" })).nextOffer;
await nabo.deactivate("o-1");

const watched = nabo.live("offers", { scenario: "app-home" }, {
  snapshot: (items, frame) => show(items, frame.data.recommId),
  delta: (items, { data }) => show(items, data.cause),
  status: (status, error) => { if (status === "refused") console.warn(error?.kind); },
});
nabo.live("basket", {}, { snapshot: (items: Recomm[]) => items.length });
nabo.live("nudges", {}, { nudge: ({ offer, reason }) => console.info(offer, reason.join()) });
nabo.live("events", { types: ["receipt"] }, { event: (one) => console.info(one.event ? one.event.type : one.dead.reason) });
nabo.live("trending");
// @ts-expect-error: no such topic
nabo.live("weather");
// @ts-expect-error: what is trending has no scenario
nabo.live("trending", { scenario: "home" });
watched.close();
nabo.close();

try {
  await nabo.offers();
} catch (error) {
  if (error instanceof NaboError) console.info(error.kind, error.status, error.problem.errors?.[0]?.pointer);
}

function show(items: OfferRecomm[], why: string): void {
  console.info(items.map((one) => one.values.memberPrice), why);
}
console.info(who, support, activationsLeft, none, next);
