// The app in the store: each scan goes out over the socket, and what goes with the
// basket and which offers it touches come back by themselves.
import { begin, me, newSession } from "./me.js";
import { picture } from "./picture.js";
import { el, keep, money, named, price, why } from "./show.js";
import { offers } from "./appoffers.js";
import { say } from "./tiles.js";

newSession("trip"); // a visit to the store begins with the app's opening
const nabo = await begin("trip");
const part = (name) => document.querySelector(`[data-${name}]`);
const basket = new Map(); // product → { id, qty, values }
let following = [], nudges = [];

const askOffers = offers(nabo, part);
stock();
follow();
part("pay").onclick = pay;
part("number").onsubmit = (event) => {
  event.preventDefault();
  const id = event.target.elements.number.value.trim();
  event.target.reset();
  byNumber(id);
};

/** What could be scanned: a phone's camera would find it. */
async function stock() {
  const chosen = me.consent() ? await nabo.products({ store: me.store, count: 8 }) : { recomms: [] };
  const { recomms } = await nabo.trending({ store: me.store, count: 8 });
  const had = new Set();
  const all = [...chosen.recomms, ...recomms].filter(({ id }) => !had.has(id) && had.add(id));
  part("shelf").replaceChildren(...all.map((item) => {
    const { name } = named(item.values, item.id);
    return el("li", {}, el("button", { type: "button", onclick: () => scan(item) }, picture(item.values), el("span", { class: "bars", "aria-hidden": "true" }),
      el("span", { class: "name" }, el("span", { class: "sr" }, "Scan "), name)));
  }));
}

/** Follows the basket and the nudges of this trip. */
function follow() {
  following.forEach((one) => one.close());
  if (!me.consent()) return;
  const trip = { session: me.session, member: me.member, store: me.store };
  following = [
    nabo.live("basket", { ...trip, count: 6 }, { snapshot: showGoes, delta: showGoes }),
    nabo.live("nudges", trip, { nudge: hear }),
  ];
}

function scan({ id, values }, qty = 1) {
  const line = basket.get(id) ?? { id, qty: 0, values };
  line.qty += qty;
  if (line.qty > 0) basket.set(id, line);
  else basket.delete(id);
  nabo.scan(id, qty); // without consent the basket stays on the phone
  show();
  if (!me.consent()) nabo.basket([...basket.keys()], { store: me.store, count: 6 }).then(({ recomms }) => showGoes(recomms));
}

async function byNumber(id) {
  const answer = await fetch(`/v1/products/${encodeURIComponent(id)}`);
  if (!answer.ok) return say(`There are no goods with the number ${id}.`);
  scan(await answer.json());
}

function show() {
  const lines = [...basket.values()].reverse();
  part("empty").hidden = lines.length > 0;
  part("pay").disabled = lines.length === 0;
  part("total").textContent = money(lines.reduce((sum, { qty, values }) => sum + qty * (values.price ?? 0), 0));
  keep(part("lines"), lines.map((one) => ({ ...one, values: { ...one.values, qty: one.qty } })), (line) => {
    const { name, rest } = named(line.values, line.id);
    return el("li", {}, picture(line.values),
      el("div", {}, el("h3", {}, line.qty > 1 ? `${line.qty} × ${name}` : name), el("span", { class: "soft" }, rest)),
      el("span", { class: "sum" }, money(line.qty * (line.values.price ?? 0))),
      el("button", { type: "button", class: "out", "aria-label": `Take out one ${name}`, onclick: () => scan(line, -1) }, "−"));
  });
}

function showGoes(items) {
  const left = basket.size ? items.filter(({ id }) => !basket.has(id)) : [];
  part("goes").hidden = left.length === 0;
  keep(part("goes").querySelector("ul"), left, (item) =>
    el("li", {}, picture(item.values), el("div", {}, el("h3", {}, named(item.values, item.id).name), price(item.values ?? {})), why(item.reason)));
}

/** Some of the member's offers cover what was just scanned: each comes by itself, the weightiest first. */
function hear(nudge) {
  if (nudge.product !== nudges[0]?.product) nudges = [nudge, ...nudges.filter(({ offer }) => offer !== nudge.offer)];
  else nudges = [...nudges.filter(({ offer }) => offer !== nudge.offer), nudge];
  showNudge();
}

function showNudge() {
  if (!nudges.length) return part("nudge").replaceChildren();
  const { offer, product, activated, missing, values } = nudges[0];
  const { name } = named(values, offer);
  const scanned = basket.get(product);
  const close = () => {
    nudges.shift();
    showNudge();
  };
  const more = missing?.length ? `Still missing: ${missing.join(", ")}` : scanned && `You scanned ${named(scanned.values, product).name}`;
  const press = async (event) => {
    event.currentTarget.disabled = true;
    await askOffers.activate({ id: offer, values }, event.currentTarget);
    close();
  };
  part("nudge").replaceChildren(el("article", { "data-offer": offer },
    picture(values),
    el("div", {}, el("p", { class: "kind" }, activated ? "Your offer counts" : "There is an offer on this"), el("h3", {}, name), more && el("p", { class: "kind" }, more)),
    price(values ?? {}),
    el("div", { class: "do" }, !activated && el("button", { type: "button", class: "button", onclick: press }, "Activate"),
      el("button", { type: "button", class: "button quiet", onclick: close }, activated ? "Good" : "Not now"),
      nudges.length > 1 && el("span", { class: "others" }, `${nudges.length - 1} more`))));
}

function pay() {
  // The till's receipt, which closes the trip.
  nabo.purchased([...basket.values()].map(({ id, qty, values }) => ({ product: id, qty, price: values.price })));
  say(`Thank you. You paid ${part("total").textContent}`);
  basket.clear();
  nudges = [];
  showNudge();
  show();
  showGoes([]);
}
