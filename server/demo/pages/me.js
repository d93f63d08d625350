// Who is at the page, and what they have agreed to, kept in this browser. A real
// shop knows both from its log-in and from its own consent dialogue.
import { connect } from "/nabo.js";
import { el } from "./show.js";

const kept = (key) => localStorage.getItem(`nabo-demo.${key}`) ?? undefined;
const keepIt = (key, value) => localStorage.setItem(`nabo-demo.${key}`, value);

const asked = new URL(location.href).searchParams;
if (asked.has("member")) keepIt("member", asked.get("member"));

export const me = {
  member: kept("member") ?? "m-1",
  consent: () => kept("consent") === "yes",
  store: undefined,
  session: undefined,
};

/** A session is one visit: it begins anew when the goods are paid. */
export function newSession(kind) {
  me.session = `${kind}-${crypto.randomUUID().slice(0, 13)}`;
  keepIt(`session.${kind}`, me.session);
  return me.session;
}

/**
 * Opens nabo for this page. kind names the session: the shop's pages share one.
 * What is asked of the member, their store, is asked with their consent only.
 */
export async function begin(kind) {
  me.session = kept(`session.${kind}`) ?? newSession(kind);
  if (me.consent()) {
    const answer = await fetch(`/v1/members/${encodeURIComponent(me.member)}`);
    const { homeStore, chains, attributes } = answer.ok ? await answer.json() : {};
    Object.assign(me, { store: homeStore || undefined, chain: chains?.[0], household: attributes?.household });
  }
  document.documentElement.dataset.chain = me.chain ?? "torvehal";
  for (const sign of document.querySelectorAll("[data-brand]")) sign.textContent = { kvarter: "Kvarter", fjordmart: "Fjordmart" }[me.chain] ?? "Torvehal";
  const nabo = connect({ member: me.member, session: me.session, store: me.store, consent: me.consent, onstatus: showStatus });
  strip();
  if (kept("consent") === undefined) askConsent();
  return nabo;
}

/** Shows whether the page is live, where it says so. */
function showStatus({ live }) {
  for (const sign of document.querySelectorAll(".live")) {
    sign.dataset.status = live;
    sign.hidden = live === "off"; // nothing here is followed
    sign.textContent = live === "open" ? "Live" : "Connecting…";
  }
}

/** The strip on top, by which whoever looks at the demo becomes somebody else. */
function strip() {
  const place = document.querySelector("[data-strip]");
  if (!place) return;
  const ids = Array.from({ length: 12 }, (_, i) => `m-${i + 1}`);
  if (!ids.includes(me.member)) ids.unshift(me.member);
  const choose = el("select", { id: "member", onchange: () => { keepIt("member", choose.value); location.replace(location.pathname); } },
    ids.map((id) => el("option", { value: id, selected: id === me.member }, id)));
  const consent = el("button", { type: "button", class: "link", onclick: askConsent }, me.consent() ? "chosen for you" : "the same for everybody");
  const about = [me.household, me.store && `store ${me.store}`].filter(Boolean).join(", ");
  place.replaceChildren(el("a", { href: "/demo" }, "Demo"), el("label", { for: "member" }, "You are member"), choose,
    about && el("span", { class: "about" }, about), el("span", { class: "choice" }, "What you see: ", consent));
}

function askConsent() {
  document.querySelector(".consent")?.remove();
  const choose = (answer) => () => { keepIt("consent", answer); location.reload(); };
  const ask = el("section", { class: "consent", "aria-label": "Your choice" },
    el("div", {}, el("h2", {}, "Goods and offers chosen for you?"),
      el("p", {}, "If you agree, we use what you have bought to choose what we show. Otherwise you see what everybody sees. You can change it at any time.")),
    el("div", { class: "answers" },
      el("button", { type: "button", class: "button", onclick: choose("yes") }, "Choose for me"),
      el("button", { type: "button", class: "button quiet", onclick: choose("no") }, "Show me what everybody sees")));
  document.body.append(ask);
}
