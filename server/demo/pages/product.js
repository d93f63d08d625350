// A product's page: what is bought together with it, what could stand in for it,
// and the member's own offer on it, if there is one.
import { begin, me } from "./me.js";
import { put } from "./cartlines.js";
import { picture } from "./picture.js";
import { el, named, price, until } from "./show.js";
import { fill, frame, say } from "./tiles.js";

frame();
const asked = new URL(location.href).searchParams;
const id = asked.get("id") ?? "1001", from = asked.get("from");
const nabo = await begin("shop");
const part = (name) => document.querySelector(`[data-${name}]`);

const answer = await fetch(`/v1/products/${encodeURIComponent(id)}`);
const product = answer.ok ? await answer.json() : { id, values: {} };
showProduct(product);
if (from) nabo.clicked(from, id); // counts as a view that an answer led to
else nabo.view(id);
nabo.together(id, { store: me.store, count: 6 }).then((answer) => fill(part("together"), nabo, answer, together));
nabo.similar(id, { store: me.store, count: 6 }).then((answer) => fill(part("similar"), nabo, answer, ({ values }) => [`from ${values.brand ?? values.category}`]));
if (me.consent()) {
  nabo.live("offers", { member: me.member, store: me.store, count: 50 }, { snapshot: showOffer, delta: showOffer });
}

/** The page's own words: it has named the product already. */
function together({ support, reason }) {
  return support === undefined ? reason : [`on ${Math.round(support).toLocaleString("en")} receipts with it`];
}

function showProduct({ values }) {
  const { name, rest } = named(values, id);
  document.title = `${name} – ${document.querySelector("[data-brand]").textContent}`;
  part("trail").replaceChildren(el("a", { href: "/demo/shop" }, "Shop"),
    ...(values.category ? [" › ", el("a", { href: `/demo/shelf?category=${encodeURIComponent(values.category)}` }, values.category)] : []));
  part("picture").replaceChildren(picture(values));
  document.querySelector("#name").textContent = name;
  part("rest").textContent = rest;
  part("price").replaceChildren(price(values) ?? "");
  const add = part("add");
  add.disabled = false;
  add.onclick = () => {
    put(nabo, product);
    say(`${name} is in the cart`);
  };
}

/** Shows the member's offer on this product, or takes it away when it has gone. */
function showOffer(items) {
  const place = part("offer"), cost = ({ values }) => values.memberPrice ?? Infinity;
  const [item] = items.filter(({ values }) => values.products?.includes(id)).sort((a, b) => cost(a) - cost(b));
  place.hidden = !item;
  if (!item) return place.replaceChildren();
  const { memberPrice, price: was } = item.values;
  place.replaceChildren(el("strong", {}, "Your offer: ", item.values.name), memberPrice ? price({ ...item.values, price: was }) : "",
    el("span", { class: "soft" }, until(item.values.validThrough) ?? ""),
    el("button", { type: "button", class: "button", onclick: (event) => activate(item, event.currentTarget) }, "Activate"));
}

async function activate(item, button) {
  button.disabled = true;
  try {
    await nabo.activate(item.id);
    say("Activated: it is taken off when you pay");
  } catch (error) {
    button.disabled = false;
    say(error.problem?.detail ?? "It could not be activated just now.");
  }
}
