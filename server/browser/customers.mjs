// Customers of the demo shop, and offers, of a test's own.
import { api, fresh, until } from "./rig.mjs";

/**
 * Makes a member of store 1 who buys tacos, rye bread and coffee, and has agreed to be
 * recognised on the page. Gives the member's id.
 */
export async function customer(context, { member = fresh("m"), consent = "yes" } = {}) {
  await api(`/v1/members/${member}?wait=applied`, { homeStore: "1", chains: ["torvehal"], attributes: { only: member } }, "PUT");
  await api("/v1/events?wait=applied", [4, 8, 12].map((days) => ({
    type: "receipt", source: "test", id: fresh("r"), time: new Date(Date.now() - days * 864e5).toISOString(),
    data: { store: "1", chain: "torvehal", member, products: ["1001", "1002", "1003"] },
  })));
  await context.addInitScript(([name, answer]) => {
    if (localStorage.getItem("nabo-demo.member") === name) return;
    localStorage.setItem("nabo-demo.member", name);
    if (answer) localStorage.setItem("nabo-demo.consent", answer);
  }, [member, consent]);
  return member;
}

/** Makes an offer that this member alone gets, before all others. Gives its id and name. */
export async function offerFor(member, products, { name = `Offer ${fresh("o")}`, memberPrice = 5 } = {}) {
  const id = fresh("o");
  await api(`/v1/offers/${id}`, {
    name, products, price: 20, memberPrice, currency: "DKK", priority: 1, audience: `member.attributes.only == "${member}"`,
    validThrough: new Date(Date.now() + 3 * 864e5).toISOString(),
  }, "PUT");
  await until(async () => (await api(`/v1/members/${member}/offers?count=6`)).recomms.some((one) => one.id === id), `the offer ${id} among the first`);
  return { id, name };
}

/** Takes an offer back. */
export const withdraw = (id) => api(`/v1/offers/${id}`, undefined, "DELETE");
