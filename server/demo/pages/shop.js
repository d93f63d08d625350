// The shop's home: offers that stay true while the page is open, goods chosen for
// the member, and what sells more than usual.
import { begin, me } from "./me.js";
import { behind } from "./behind.js";
import { keep } from "./show.js";
import { fill, frame, offer, say } from "./tiles.js";

frame();
const nabo = await begin("shop");
let shown;
const part = (name) => document.querySelector(`[data-${name}]`);

nabo.trending({ store: me.store, count: 12 }).then((answer) => fill(part("trending"), nabo, answer));

if (me.consent()) {
  const list = new URL(location.href).searchParams.get("list");
  if (list) showList(list);
  nabo.products({ logic: "buy-again", store: me.store, count: 6 }).then((answer) => fill(part("again"), nabo, answer));
  nabo.products({ logic: "discover", store: me.store, count: 6 }).then((answer) => fill(part("discover"), nabo, answer));
  nabo.live("offers", { member: me.member, store: me.store, count: 12 }, { snapshot: showOffers, delta: showOffers });
}

/** A mail's link shows what the mail showed, but for what can no longer be had. */
async function showList(recommId) {
  const answer = await fetch(`/v1/recomms/${encodeURIComponent(recommId)}`);
  if (!answer.ok) return say("The list behind this link is no longer kept.");
  const { recomms } = await answer.json();
  part("list").hidden = false;
  part("list").querySelector("ul").replaceChildren(...recomms.filter((item) => item.available).map((item) => offer(item, activate)));
}

/** items is the whole list as it is now; frame says what has just happened. */
function showOffers(items, frame) {
  const section = part("offers"), list = section.querySelector("ul");
  section.hidden = false;
  section.querySelector(".empty").hidden = items.length > 0;
  keep(list, items, (item) => offer(item, activate), (node) => {
    if (frame.data.cause === "offer.withdrawn" && frame.data.removed?.includes(node.dataset.id)) say(`${node.querySelector("h3").textContent} is no longer on offer`);
  });
  behind(part("behind"), items);
  if (frame.type === "snapshot") shown = { recommId: frame.data.recommId, ids: items.map(({ id }) => id) };
}

// What was shown is told when the page is left: told at once, it would turn the
// list under the reader's eyes, as offers that were just shown make room for others.
addEventListener("pagehide", () => {
  if (shown) nabo.shown(shown.recommId, shown.ids, "inapp");
});

async function activate(item, button) {
  button.disabled = true;
  try {
    const { activationsLeft } = await nabo.activate(item.id);
    say(`Activated. You can activate ${activationsLeft} more.`);
  } catch (error) {
    button.disabled = false;
    say(error.problem?.detail ?? "It could not be activated just now.");
  }
}
