// Behind the counter: what the people who make the offers would do in their own
// program, so that one can see how open pages follow.
import { el, keep } from "./show.js";

const withdrawn = new Map(); // id → the offer as it was
let shown = [];

/** Lists offers to withdraw, and those that were withdrawn here to put back. */
export function behind(section, items = shown) {
  shown = items;
  section.hidden = false;
  const again = () => behind(section);
  const button = (text, name, press) =>
    el("button", { type: "button", class: "button quiet", onclick: press }, text, el("span", { class: "sr" }, ` ${name}`));
  const back = [...withdrawn].map(([id, { name }]) => ({ id: `back ${id}`, values: { name }, press: () => putBack(id).then(again) }));
  keep(section.querySelector("ul"), [...back, ...items.filter(({ id }) => !withdrawn.has(id)).slice(0, 5)], ({ id, values, press }) =>
    el("li", {}, press ? button("Put back", values.name, press) : button("Withdraw", values.name, () => withdraw(id).then(again)), values.name));
}

async function withdraw(id) {
  const where = `/v1/offers/${encodeURIComponent(id)}`;
  withdrawn.set(id, await (await fetch(where)).json());
  await fetch(where, { method: "DELETE" });
}

async function putBack(id) {
  // What is read has more fields than what is written: what was used, since when.
  const { id: _, state, since, covers, used, left, ...offer } = withdrawn.get(id);
  await fetch(`/v1/offers/${encodeURIComponent(id)}`, { method: "PUT", headers: { "Content-Type": "application/json" }, body: JSON.stringify(offer) });
  withdrawn.delete(id);
}
