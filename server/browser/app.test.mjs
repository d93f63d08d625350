// The demo app: scans that bring nudges, offers that bring the next.
import assert from "node:assert/strict";
import { customer, offerFor } from "./customers.mjs";
import { accessible, pageTest, pictures, wire } from "./rig.mjs";

const phone = { context: { viewport: { width: 390, height: 844 }, hasTouch: true } };

async function scan(page, number) {
  await page.getByLabel("Number").fill(number);
  await page.getByLabel("Number").press("Enter");
}

pageTest("a scan brings a nudge, and what goes with the basket", async ({ page, context, url }) => {
  const offer = await offerFor(await customer(context), ["1002"]);
  await page.goto(`${url}/demo/app`);
  await page.locator(".live[data-status=open]").waitFor();
  await page.locator("[data-shelf] button").first().waitFor();
  await scan(page, "1002");
  await page.locator("[data-lines] li", { hasText: "rye bread" }).waitFor();
  const nudge = page.locator("[data-nudge] article");
  await nudge.filter({ hasText: offer.name }).waitFor();
  await page.locator("[data-goes] li").first().waitFor();
  await accessible(page);
  await pictures(page, "app-scan");
  await nudge.getByRole("button", { name: "Activate" }).click();
  await nudge.filter({ hasText: offer.name }).waitFor({ state: "detached" });
  await page.getByRole("tab", { name: "Offers" }).click();
  await page.locator("[data-active] li", { hasText: offer.name }).waitFor();
}, phone);

pageTest("each scan changes what goes with the basket, also one that is taken back", async ({ page, context, url, allow }) => {
  await customer(context);
  await page.goto(`${url}/demo/app`);
  await page.locator(".live[data-status=open]").waitFor();
  await scan(page, "1001");
  await page.locator("[data-goes] li", { hasText: "taco" }).first().waitFor();
  await scan(page, "213000");
  await page.locator("[data-goes] li[data-id='213000']").waitFor({ state: "detached" });
  await page.getByRole("button", { name: /Take out one El Norte taco seasoning/ }).click();
  await page.locator("[data-goes] li[data-id='213000']").waitFor();
  assert.equal(await page.locator("[data-total]").textContent(), "17.95 kr.");
  await page.getByRole("button", { name: "Pay" }).click();
  await page.getByText("Tap something above to scan it.").waitFor();
  allow(/404/);
  await scan(page, "no-such-goods");
  await page.getByText("There are no goods with the number no-such-goods.").waitFor();
}, phone);

pageTest("activating an offer brings the next", async ({ page, context, url }) => {
  const offer = await offerFor(await customer(context), ["1003"]);
  await page.goto(`${url}/demo/app`);
  await page.getByRole("tab", { name: "Scan" }).focus();
  await page.keyboard.press("ArrowRight");
  await page.locator("[data-offers] li", { hasText: offer.name }).getByRole("button").click();
  await page.locator("[data-active] li", { hasText: offer.name }).waitFor();
  const next = page.locator("[data-offers] .next");
  await next.waitFor();
  assert.notEqual(await next.getAttribute("data-id"), offer.id);
  await page.locator("[data-offers] li", { hasText: offer.name }).waitFor({ state: "detached" });
  await page.getByText("You can activate 9 more.").waitFor();
  await accessible(page);
  await pictures(page, "app-offers");
  await page.getByRole("button", { name: `Undo ${offer.name}` }).click();
  await page.getByText("You can activate 10 more.").waitFor();
}, phone);

pageTest("what was scanned without a connection brings its nudge afterwards", async ({ page, context, allow }) => {
  const line = await wire();
  try {
    const offer = await offerFor(await customer(context), ["1002"]);
    await page.goto(`${line.url}/demo/app`);
    await page.locator(".live[data-status=open]").waitFor();
    const bread = await page.evaluate(() => fetch("/v1/products/1002").then((answer) => answer.json()));
    await page.route("**/v1/products/1002", (route) => route.fulfill({ json: bread })); // the app knows its goods
    allow(/WebSocket|ERR_/);
    line.cut();
    await page.getByText("Connecting…").waitFor();
    await scan(page, "1002");
    await page.locator("[data-lines] li", { hasText: "rye bread" }).waitFor();
    line.mend();
    await page.locator("[data-nudge] article", { hasText: offer.name }).waitFor({ timeout: 30_000 });
  } finally {
    line.close();
  }
}, phone);
