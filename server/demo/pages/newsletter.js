// Makes the newsletter's mail for a chosen member. In a company this is a job that
// runs for everybody (POST /v1/lists); here it runs for one, and shows it.
import { connect } from "/nabo.js";
import { mail, shown } from "./mail.js";
import { el } from "./show.js";

const part = (name) => document.querySelector(`[data-${name}]`);
const ids = Array.from({ length: 12 }, (_, i) => `m-${i + 1}`);
const asked = new URL(location.href).searchParams.get("member");

part("chips").replaceChildren(...ids.map((id) => el("li", {}, el("button", { type: "button", "aria-pressed": "false", onclick: () => make(id) }, id))));
document.querySelector("#members").replaceChildren(...ids.map((id) => el("option", { value: id })));
part("form").onsubmit = (event) => {
  event.preventDefault();
  make(event.target.elements.member.value.trim());
};
for (const choice of document.querySelectorAll("[name=width]")) choice.onchange = () => {
  part("sheet").dataset.width = choice.value;
  fit();
};
part("mail").onload = part("mail").ontransitionend = fit;
addEventListener("resize", fit);
await make(asked ?? "m-1");

async function make(member) {
  document.querySelector("#who").value = member;
  for (const chip of part("chips").querySelectorAll("button")) chip.setAttribute("aria-pressed", chip.textContent === member);
  const { chains, homeStore, attributes } = await memberOf(member);
  // channel=email: only who has agreed to get mail gets a list.
  const nabo = connect({ member, store: homeStore });
  const answer = await nabo.offers({ scenario: "newsletter", channel: "email", count: 35, explain: true });
  nabo.close();
  show(member, answer, mail({ member, chain: chains?.[0], answer, base: location.origin }));
  facts({ "Household": attributes?.household, "Could have been chosen": answer.candidates, "In the list": answer.recomms.length, "In the mail": Math.min(shown, answer.recomms.length) });
}

async function memberOf(member) {
  const answer = await fetch(`/v1/members/${encodeURIComponent(member)}`);
  return answer.ok ? answer.json() : {};
}

function show(member, { recomms }, { subject, from, html }) {
  part("mail").hidden = !html;
  part("none").hidden = Boolean(html);
  part("none").textContent = `${member} has not agreed to get mail from us, so there is none.`;
  part("subject").textContent = subject || "No mail";
  part("from").textContent = html ? `From ${from} to ${member}` : "";
  part("mail").srcdoc = html ?? "";
  part("all").replaceChildren(...recomms.map(({ values, id }, i) => el("li", { class: i < shown ? "in" : "" }, values.name ?? id)));
}

function facts(all) {
  part("facts").replaceChildren(...Object.entries(all).filter(([, value]) => value !== undefined).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, String(value))]));
}

/** The frame is as high as the mail. Its sandbox lets nothing run in it. */
function fit() {
  const frame = part("mail"), inside = frame.contentDocument?.documentElement;
  if (!inside || frame.hidden) return;
  frame.style.height = "0";
  frame.style.height = `${inside.scrollHeight}px`;
}
