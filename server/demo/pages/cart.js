// The cart that completes itself: whatever is put in or taken out, what goes with
// it follows by itself.
import { begin, me, newSession } from "./me.js";
import { empty, lines, put, total } from "./cartlines.js";
import { picture } from "./picture.js";
import { el, keep, money, named, pageOf } from "./show.js";
import { frame, goods, say } from "./tiles.js";

frame();
const nabo = await begin("shop");
const part = (name) => document.querySelector(`[data-${name}]`);
let recommId; // of the answer that the goods beside the cart are from

show();
addEventListener("cart", show);
addEventListener("storage", show);
complete();
part("pay").onclick = pay;

function show() {
  const all = lines();
  part("empty").hidden = all.length > 0;
  part("pay").disabled = all.length === 0;
  part("total").textContent = money(total());
  keep(part("lines"), all.map((one) => ({ ...one, values: { ...one.values, qty: one.qty } })), line);
}

function line({ id, qty, values }) {
  const { name, rest } = named(values, id);
  const step = (by, text) => el("button", { type: "button", "aria-label": `${text} ${name}`, onclick: () => {
    put(nabo, { id, values }, by);
    part("lines").querySelector(`[data-id="${CSS.escape(id)}"] [aria-label="${CSS.escape(`${text} ${name}`)}"]`)?.focus();
  } }, by > 0 ? "+" : "−");
  return el("li", {}, picture(values),
    el("div", {}, el("h3", {}, el("a", { href: pageOf(id) }, name)), el("span", { class: "soft" }, rest, " "),
      el("div", { class: "steps" }, step(-1, "One less of"), el("output", {}, String(qty)), step(1, "One more of"))),
    el("span", { class: "sum" }, money(qty * (values.memberPrice ?? values.price ?? 0))));
}

/** With consent the session's cart is followed live; without it, what is anybody's is asked. */
function complete() {
  if (me.consent()) {
    nabo.live("basket", { session: me.session, member: me.member, store: me.store, count: 6 },
      { snapshot: showGoes, delta: showGoes });
    return;
  }
  const ask = async () => {
    const products = lines().map(({ id }) => id);
    const answer = products.length ? await nabo.basket(products, { count: 6 }) : { recomms: [] };
    showGoes(answer.recomms, { data: answer });
  };
  addEventListener("cart", ask);
  ask();
}

function showGoes(items, { data }) {
  recommId = data.recommId ?? recommId;
  const had = lines().map(({ id }) => id);
  const left = had.length ? items.filter(({ id }) => !had.includes(id)) : [];
  part("goes").hidden = left.length === 0;
  keep(part("goes").querySelector("ul"), left, (item) => goods(nabo, item, recommId));
}

/** In a shop, the till sends the receipt; here the page is the till. */
function pay() {
  nabo.purchased(lines().map(({ id, qty, values }) => ({ product: id, qty, price: values.price })));
  say(`Thank you. You paid ${money(total())}`);
  empty();
  newSession("shop"); // for the pages that are opened next
}
