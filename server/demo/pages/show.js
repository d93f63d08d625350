// How goods, prices and offers are shown; every page uses it.

/** Makes an element: el("p", { class: "why" }, "text", otherElement). */
export function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false && child !== ""));
  return node;
}

/** Whether somebody would rather not see things move. */
export const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** 29.95 as "29.95 kr." for kroner, otherwise with the currency's own sign. */
export function money(amount, currency = "DKK") {
  if (["DKK", "NOK", "SEK"].includes(currency)) return `${amount.toFixed(2)} kr.`;
  return new Intl.NumberFormat("en", { style: "currency", currency }).format(amount);
}

/** A price as on a shelf's label, with what a member saves. */
export function price({ price, memberPrice, currency }) {
  const now = memberPrice ?? price;
  if (now === undefined) return undefined;
  const [whole, part] = now.toFixed(2).split(".");
  const less = memberPrice !== undefined && price > memberPrice;
  return el("p", { class: less ? "price member" : "price" },
    el("span", { class: "now", "aria-hidden": "true" }, whole, el("sup", {}, part)),
    el("span", { class: "sr" }, `${less ? "Member price " : ""}${money(now, currency)}`),
    less && el("span", { class: "was" }, el("span", { class: "sr" }, "instead of "), money(price, currency)),
    less && el("span", { class: "save" }, `save ${money(price - memberPrice, currency)}`));
}

/** "El Norte taco shells, crispy, 12 pcs" in its name and the rest. */
export function named(values, id) {
  const [name, ...rest] = (values?.name ?? `Product ${id}`).split(", ");
  return { name, rest: rest.join(", ") };
}

/** The first reason, as a sentence begins; "popular" says nothing to a customer. */
export function why(reasons) {
  const text = reasons?.[0];
  if (!text || text === "popular") return undefined;
  return el("p", { class: "why" }, text[0].toUpperCase() + text.slice(1));
}

/** When an offer ends, as one says it in a shop. */
export function until(time, now = Date.now()) {
  if (!time) return undefined;
  const days = (new Date(time) - now) / 864e5;
  if (days < 1) return "Last day";
  return `Until ${new Date(time).toLocaleDateString("en-GB", days < 6 ? { weekday: "long" } : { day: "numeric", month: "long" })}`;
}

/** What a product's page is. recommId says which answer led there. */
export const pageOf = (id, recommId) =>
  `/demo/product?id=${encodeURIComponent(id)}${recommId ? `&from=${encodeURIComponent(recommId)}` : ""}`;

/**
 * Makes list show items, with make(item) for each that is new or changed. What
 * stays is not touched, so that focus and reading position stay, too.
 */
export function keep(list, items, make, gone = () => {}) {
  const had = new Map(Array.from(list.children, (node) => [node.dataset.id, node]));
  let place = list.firstElementChild;
  for (const item of items) {
    const content = JSON.stringify(item.values);
    let node = had.get(item.id);
    had.delete(item.id);
    if (!node || node.content !== content) {
      const fresh = make(item);
      fresh.dataset.id = item.id;
      fresh.content = content;
      if (node && node === place) place = node.nextElementSibling;
      node?.remove();
      if (list.hasAttribute("data-shown") && !still()) fresh.animate([{ opacity: 0, transform: "scale(.94)" }, {}], 350);
      node = fresh;
    }
    if (node === place) place = node.nextElementSibling;
    else list.insertBefore(node, place);
  }
  for (const node of had.values()) {
    gone(node);
    node.remove();
  }
  list.setAttribute("data-shown", "");
}
