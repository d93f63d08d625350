// The rig itself: a page's complaints are seen, and a wire can be cut.
import assert from "node:assert/strict";
import { accessible, pageTest, pictures, url, wire } from "./rig.mjs";

pageTest("the documentation opens, and complains of nothing", async ({ page }) => {
  await page.goto(`${url}/docs`);
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.locator("summary", { hasText: "/v1/trending" }).first().click();
  await accessible(page);
  await pictures(page, "docs");
});

pageTest("an error on a page is seen", async ({ page, allow }) => {
  const seen = [];
  allow({ test: (text) => seen.push(text) });
  await page.goto(`${url}/docs`);
  await page.evaluate(() => console.error("said so"));
  await page.evaluate(() => new Promise((done) => setTimeout(() => { setTimeout(done); throw new Error("thrown so"); })));
  await page.goto(`${url}/no-such-page`);
  const all = seen.join("\n");
  for (const what of ["said so", "thrown so", "404"]) assert.match(all, new RegExp(what));
});

pageTest("a cut wire carries nothing, a mended one does", async ({ page, allow }) => {
  const line = await wire();
  try {
    await page.goto(`${line.url}/docs`);
    line.cut();
    allow(/ERR_/);
    const reach = () => page.evaluate(() => fetch("/livez").then((r) => r.ok, () => false));
    assert.equal(await reach(), false);
    line.mend();
    assert.equal(await reach(), true);
  } finally {
    line.close();
  }
}, { context: { bypassCSP: true } }); // that page's own policy lets it fetch nothing
