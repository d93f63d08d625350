// The demo's store screen: it moves as receipts come in.
import assert from "node:assert/strict";
import { accessible, api, fresh, pageTest, pictures, url, wire } from "./rig.mjs";

/** So many receipts of a store with these goods, each by nobody. */
const sell = (store, products, count) => api("/v1/events?wait=applied", Array.from({ length: count }, () =>
  ({ type: "receipt", source: "test", id: fresh("r"), data: { store, products } })));

pageTest("what sells in the store rises on its screen", async ({ page }) => {
  await page.goto(`${url}/demo/screen?store=7`);
  await page.locator("[data-board] li").first().waitFor();
  const top = await page.locator("[data-board] li").first().getAttribute("data-id");
  const product = top === "1004" ? "1002" : "1004";
  await sell("7", [product], 60);
  await page.locator(`[data-board] li[data-id="${product}"][data-rank="1"]`).waitFor();
  await page.locator("[data-board] li").first().locator(".times", { hasText: "× the usual" }).waitFor();
  await page.waitForFunction(() => Number(document.querySelector("[data-count]").textContent) > 0);
  await accessible(page);
  await pictures(page, "screen");
});

pageTest("the screen tells of a receipt at its till, and rings one up", async ({ page }) => {
  await page.goto(`${url}/demo/screen?store=7`);
  await page.locator("[data-board] li").nth(2).waitFor();
  await page.getByRole("button", { name: "Ring one up here" }).click();
  await page.getByText(/At our till: /).waitFor();
});

pageTest("after a broken connection the screen goes on", async ({ page, allow }) => {
  const line = await wire();
  try {
    await page.goto(`${line.url}/demo/screen?store=10`);
    await page.locator("[data-board] li").first().waitFor();
    allow(/WebSocket|ERR_/);
    line.cut();
    await page.getByText("Connecting…").waitFor();
    await sell("10", ["1003"], 80);
    line.mend();
    await page.locator('[data-board] li[data-id="1003"]').waitFor({ timeout: 30_000 });
  } finally {
    line.close();
  }
});

pageTest("the start page leads to all of them", async ({ page }) => {
  await page.goto(`${url}/demo`);
  await accessible(page);
  await pictures(page, "start");
  const links = await page.locator(".doors h2 a").evaluateAll((all) => all.map((one) => one.pathname));
  assert.deepEqual(links, ["/demo/shop", "/demo/app", "/demo/newsletter", "/demo/screen"]);
  for (const link of links) assert.equal(await page.evaluate((to) => fetch(to).then((answer) => answer.status), link), 200);
});
