// The tiles of goods and offers, and what every page of the shop has: shelves,
// the cart's count, a word to say.
import { lines, put } from "./cartlines.js";
import { departments, picture } from "./picture.js";
import { el, named, pageOf, price, until, why } from "./show.js";

/** A list item for one of an answer's goods. from is the answer's recommId; reason, if the page has its own. */
export function goods(nabo, item, from, reason = item.reason) {
  const { name, rest } = named(item.values, item.id);
  const add = () => {
    put(nabo, item);
    if (from) nabo.clicked(from, item.id);
    say(`${name} is in the cart`);
  };
  return el("li", { class: "card" },
    picture(item.values),
    el("h3", {}, el("a", { href: pageOf(item.id, from) }, name)),
    rest && el("p", { class: "rest" }, rest),
    why(reason),
    el("div", { class: "foot" }, price(item.values ?? {}), el("button", { type: "button", class: "add", "aria-label": `Put ${name} in the cart`, onclick: add }, "+")));
}

/** A list item for an offer. activate is called with it, once it is pressed. */
export function offer(item, activate) {
  const { values = {} } = item;
  const { name, rest } = named(values, item.id);
  const less = /^(\d+)% off/.exec(name)?.[1];
  const first = values.products?.[0];
  return el("li", { class: "card offer" },
    el("span", { class: "flag" }, "Member offer"),
    picture(values),
    el("h3", {}, first ? el("a", { href: pageOf(first) }, name) : name),
    rest && el("p", { class: "rest" }, rest),
    why(item.reason),
    el("div", { class: "foot" }, less ? el("p", { class: "price member", "aria-hidden": "true" }, el("span", { class: "now" }, `−${less}%`)) : price(values), el("span", { class: "ends" }, until(values.validThrough))),
    el("button", { type: "button", class: "button", onclick: (event) => activate(item, event.currentTarget) }, "Activate", el("span", { class: "sr" }, ` ${name}`)));
}

/** Says something to who looks and to who listens, and takes it back after a while. */
export function say(text) {
  const place = document.querySelector("[data-said]");
  place.textContent = text;
  clearTimeout(place.timer);
  place.timer = setTimeout(() => { place.textContent = ""; }, 4000);
}

/** Fills a section with an answer's goods, and shows it if there are any. reason gives a page's own, for each. */
export function fill(section, nabo, answer, reason) {
  section.hidden = answer.recomms.length === 0;
  section.querySelector("ul").replaceChildren(...answer.recomms.map((item) => goods(nabo, item, answer.recommId, reason?.(item))));
}

export function frame() {
  const here = new URL(location.href).searchParams.get("category");
  document.querySelector("[data-shelves]").replaceChildren(...departments.map((category) =>
    el("li", {}, el("a", { href: `/demo/shelf?category=${encodeURIComponent(category)}`, "aria-current": category === here && "page" },
      picture({ category, name: category }), category))));
  const count = () => {
    document.querySelector("[data-count]").textContent = lines().reduce((sum, { qty }) => sum + qty, 0);
  };
  addEventListener("cart", count);
  addEventListener("storage", count); // another window of the same shop
  count();
}
