// The store's screen: what sells more than usual here, moving as receipts come in.
// It names nobody, so it needs nobody's consent.
import { connect } from "/nabo.js";
import { picture } from "./picture.js";
import { el, keep, named, price, still } from "./show.js";

const part = (name) => document.querySelector(`[data-${name}]`);
const asked = new URL(location.href).searchParams;
const store = asked.get("store") ?? "1";
const chain = asked.get("chain") ?? ["fjordmart", "torvehal", "kvarter"][Number(store) % 3] ?? "torvehal";
document.documentElement.dataset.chain = chain;
part("name").textContent = chain[0].toUpperCase() + chain.slice(1);
part("store").textContent = `store ${store}`;

let receipts = 0, own = 0, ranks = new Map();
const names = new Map();

const nabo = connect({ store, onstatus: ({ live }) => {
  const sign = document.querySelector(".live");
  sign.dataset.status = live;
  sign.textContent = live === "open" ? "Live" : "Connecting…";
} });
follow(asked.get("window") ?? "1h");
nabo.live("events", { types: ["receipt"] }, { event: ring });
tick();
setInterval(tick, 1000);

/** Follows the last hour; where it was too quiet to fill the board, the last day. */
function follow(window) {
  part("when").textContent = { "1h": "right now", "1d": "today", "7d": "this week" }[window];
  const watched = nabo.live("trending", { store, window, count: 7 }, {
    snapshot(items) {
      show(items);
      if (window !== "1h" || asked.has("window") || items.length === 7) return;
      watched.close();
      follow("1d");
    },
    delta: show,
  });
}

function show(items) {
  const board = part("board");
  part("none").hidden = items.length > 0;
  const before = new Map(Array.from(board.children, (node) => [node.dataset.id, node.getBoundingClientRect()]));
  keep(board, items.map((item) => ({ ...item, values: { ...item.values, why: item.reason?.[0] } })), tile);
  Array.from(board.children).forEach((node, i) => {
    node.dataset.rank = i + 1;
    if (before.size) move(node, before.get(node.dataset.id), i < (ranks.get(node.dataset.id) ?? Infinity));
  });
  ranks = new Map(items.map(({ id }, i) => [id, i]));
}

function tile({ id, values, reason }) {
  const { name, rest } = named(values, id);
  const times = /([\d.]+) times/.exec(reason?.[0] ?? "")?.[1];
  return el("li", {}, picture(values), el("div", { class: "words" },
    el("h2", {}, name), rest && el("p", { class: "rest" }, rest),
    times && el("p", { class: "times" }, `${times} × the usual`), price(values)));
}

/** Lets a tile glide from where it was; one that rises shines for a moment. */
function move(node, from, risen) {
  if (risen) {
    node.classList.add("up");
    setTimeout(() => node.classList.remove("up"), 2500);
  }
  if (still() || !from) return;
  const to = node.getBoundingClientRect();
  const by = `translate(${from.left - to.left}px, ${from.top - to.top}px)`;
  node.animate([{ transform: by }, { transform: "none" }], { duration: 700, easing: "cubic-bezier(.3, 0, .1, 1)" });
}

/** A receipt, ours or another's. The tail names goods by number; what they are called is asked once. */
async function ring({ event }) {
  if (!event) return;
  part("count").textContent = ++receipts;
  // Our own stays to be read; the others fill the time between.
  if (event.store === store) own = Date.now();
  else if (Date.now() - own < 5000) return;
  const called = await Promise.all((event.products ?? []).slice(0, 3).map(nameOf));
  const more = event.lines - called.length;
  const where = event.store === store ? "At our till" : event.store === "web" ? "In the webshop" : `In store ${event.store}`;
  part("till").textContent = `${where}: ${called.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** For who looks at the demo: a receipt of this store, with what stands low on the board. */
part("ring").onclick = () => {
  const products = Array.from(part("board").children, (node) => node.dataset.id).slice(-3);
  if (products.length) nabo.send("receipt", { products });
};

async function nameOf(id) {
  if (!names.has(id)) names.set(id, fetch(`/v1/products/${encodeURIComponent(id)}`).then((answer) => answer.ok ? answer.json() : {}));
  return named((await names.get(id)).values, id).name;
}

function tick() {
  part("clock").textContent = new Date().toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
}
