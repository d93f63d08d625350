// Behind the counter: what the people who make the offers would do in their own
// program, so that one can see how open pages follow.
import { el } from "./show.js";

const withdrawn = new Map(); // id → the offer as it was

/** Lists offers to withdraw, and those that were withdrawn here to put back. */
export function behind(section, items) {
  section.hidden = false;
  const again = () => behind(section, items);
  const button = (text, name, press) =>
    el("button", { type: "button", class: "button quiet", onclick: press }, text, el("span", { class: "sr" }, ` ${name}`));
  section.querySelector("ul").replaceChildren(
    ...[...withdrawn].map(([id, offer]) => el("li", {}, button("Put back", offer.name, () => putBack(id).then(again)), offer.name)),
    ...items.slice(0, 5).map(({ id, values }) => el("li", {}, button("Withdraw", values.name, () => withdraw(id).then(again)), values.name)));
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
