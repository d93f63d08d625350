// The app's offers: a live list; activate one, and the next best comes.
import { me } from "./me.js";
import { picture } from "./picture.js";
import { el, keep } from "./show.js";
import { offer, say } from "./tiles.js";

/** Runs the tab of offers. part finds a place of the page by its data- name. */
export function offers(nabo, part) {
  let items = [], next;
  tabs();
  if (!me.consent()) {
    part("none").hidden = false;
    part("none").textContent = "Offers are chosen for you once you agree.";
    return { activate: async () => {} };
  }
  nabo.live("offers", { member: me.member, store: me.store, count: 6 }, { snapshot: show, delta: show });
  showActive();
  return { activate };

  function show(all) {
    items = all;
    part("none").hidden = items.length > 0;
    keep(part("offers"), items, (item) => offer(item, activate));
    for (const card of part("offers").children) card.classList.toggle("next", card.dataset.id === next);
  }

  async function activate(item, button) {
    button.disabled = true;
    try {
      const { activationsLeft, nextOffer } = await nabo.activate(item.id);
      next = nextOffer?.id;
      // The live list follows; the answer is there already.
      const rest = items.filter(({ id }) => id !== item.id && id !== next);
      show(nextOffer ? [items.find(({ id }) => id === next) ?? nextOffer, ...rest] : rest);
      say(nextOffer ? `Activated. Next for you: ${nextOffer.values.name}` : "Activated.");
      left(activationsLeft);
      await showActive();
    } catch (error) {
      button.disabled = false;
      say(error.problem?.detail ?? "It could not be activated just now.");
    }
  }

  function left(count) {
    part("left").textContent = `You can activate ${count} more.`;
  }

  async function showActive() {
    const answer = await fetch(`/v1/members/${encodeURIComponent(me.member)}/activations`);
    if (!answer.ok) return;
    const { activations, activationsLeft } = await answer.json();
    left(activationsLeft);
    const open = activations.filter((one) => one.open && one.counts);
    part("active").hidden = open.length === 0;
    keep(part("active").querySelector("ul"), open.map(({ offer, name }) => ({ id: offer, values: { name } })), ({ id, values }) =>
      el("li", {}, picture(values), values.name, el("button", { type: "button", class: "link", onclick: () => nabo.deactivate(id).then(showActive) }, "Undo", el("span", { class: "sr" }, ` ${values.name}`))));
  }
}

/** The two tabs, also with the arrow keys. */
function tabs() {
  const all = [...document.querySelectorAll("[role=tab]")];
  const choose = (tab) => {
    for (const one of all) {
      one.setAttribute("aria-selected", one === tab);
      one.tabIndex = one === tab ? 0 : -1;
      document.getElementById(one.getAttribute("aria-controls")).hidden = one !== tab;
    }
  };
  for (const tab of all) {
    tab.onclick = () => choose(tab);
    tab.onkeydown = ({ key }) => {
      if (key !== "ArrowLeft" && key !== "ArrowRight") return;
      const other = all[(all.indexOf(tab) + 1) % all.length];
      choose(other);
      other.focus();
    };
  }
}
