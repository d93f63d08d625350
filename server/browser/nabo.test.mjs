// nabo.js in a page that the process serves.
import assert from "node:assert/strict";
import { api, fresh, pageTest, serve, until, wire } from "./rig.mjs";

// onPage opens a page and puts nabo.js on it, with a connection named nabo.
async function onPage(page, at, options = {}, consent = "() => true") {
  await page.goto(`${at}/docs`);
  await again(page, options, consent);
}

async function again(page, options = {}, consent = "() => true") {
  await page.evaluate(async ([given, agrees]) => {
    const { connect } = await import("/nabo.js");
    globalThis.connect = connect;
    globalThis.statuses = [];
    globalThis.nabo = connect({ ...given, consent: eval(agrees), onstatus: (status) => statuses.push(status) });
  }, [options, consent]);
}

const plain = { context: { bypassCSP: true } }; // the page's own policy lets it fetch nothing
const recorded = (page) => {
  const sent = [];
  page.on("request", (r) => { if (!r.url().endsWith("/docs") && !r.url().endsWith("/nabo.js")) sent.push(r); });
  return sent;
};

pageTest("recommendations come as the server gives them", async ({ page, url }) => {
  await onPage(page, url, { member: "m-1", store: "1" });
  const got = await page.evaluate(async () => ({
    together: await nabo.together("1001", { count: 3 }),
    similar: await nabo.similar("1003"),
    trending: await nabo.trending({ window: "7d", count: 2 }),
    basket: await nabo.basket(["1002", "1004"], { count: 5 }),
    products: await nabo.products({ logic: "buy-again" }),
    offers: await nabo.offers({ count: 4 }),
  }));
  for (const [name, answer] of Object.entries(got)) {
    assert.ok(answer.recomms.length > 0, name);
    assert.match(answer.recommId, /^[0-9A-Z]{26}$/, name);
  }
  assert.equal(got.together.recomms.length, 3);
  assert.equal(got.offers.personalised, true);
  assert.equal(got.offers.recomms.length, 4);
}, plain);

pageTest("an activation gives the next offer, and its end gives it back", async ({ page, url }) => {
  await onPage(page, url, { member: fresh("m"), store: "1" });
  const [before, on, off] = await page.evaluate(async () => {
    const answer = await nabo.offers({ count: 2 });
    const id = answer.recomms[0].id;
    return [{ left: answer.activationsLeft, id }, await nabo.activate(id), await nabo.deactivate(id)];
  });
  assert.equal(on.activationsLeft, before.left - 1);
  assert.notEqual(on.nextOffer.id, before.id);
  assert.equal(off.activationsLeft, before.left);
}, plain);
