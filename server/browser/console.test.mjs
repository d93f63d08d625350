import assert from "node:assert/strict";
import { accessible, api, pageTest as rigTest, pictures } from "./rig.mjs";

// The demo shop's well-known goods and members.
const [tacos, seasoning, member] = ["1001", "213000", "m-1"];

// The map is drawn without a graphics card here, which takes a busy machine a while.
const pageTest = (name, fn, options = {}) => rigTest(name, (given) => {
  given.page.setDefaultTimeout(30_000);
  return fn(given);
}, { timeout: 120_000, ...options });

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true };

/** The pages, each with what it shows once its data are there. */
const pages = [
  ["map", "map", ".clusters li"],
  ["map-product", `map?product=${tacos}`, ".neighbours li"],
  ["map-member", `map?member=${member}`, ".neighbours li"],
  ["members", "member", ".people a"],
  ["member", `member?id=${member}`, ".offers > li"],
  ["products", "products", "tbody tr"],
  ["product", `products?id=${tacos}`, ".neighbours li"],
  ["offers", "offers", "tbody tr"],
  ["offer", "offers?id=o-coffee", ".facts dd"],
  ["scenarios", "scenarios", "tbody tr"],
  ["scenario", "scenarios?id=app-home", ".compare li"],
  ["now", "now", ".figures dd"],
];

const settled = (page) => page.waitForFunction(() => !document.querySelector(".waiting, .notice.bad"));

for (const [name, path, shows] of pages) {
  for (const [kind, context] of [["desktop", { colorScheme: "light" }], ["phone", { ...phone, colorScheme: "dark" }]]) {
    pageTest(`${name} is shown, and can be used by everybody, on a ${kind}`, async ({ page, url }) => {
      await page.goto(`${url}/console/${path}`);
      await page.locator(shows).first().waitFor();
      await settled(page);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0, "nothing sticks out sideways");
      await accessible(page);
      await pictures(page, `console-${name}`);
    }, { context });
  }
}

pageTest("the map opens a product and draws its neighbours", async ({ page, url }) => {
  await page.goto(`${url}/console/map`);
  await page.locator(".clusters li").first().waitFor();
  const search = page.getByRole("combobox", { name: /Find a product/ });
  await search.fill("taco shells");
  await page.getByRole("option", { name: /El Norte taco shells, crispy, 12 pcs/ }).click();
  await page.getByRole("heading", { name: /taco shells, crispy, 12 pcs/ }).waitFor();
  assert.match(page.url(), new RegExp(`product=${tacos}$`));
  const neighbour = page.locator(`.neighbours li[data-product="${seasoning}"]`);
  await neighbour.getByText(/receipts with both/).waitFor();
  assert.ok(await neighbour.locator(".track.refined").count() > 0, "the refined edge has a bar of its own");

  // The picture holds them, too: the point is drawn near the middle, and a click opens it.
  const at = await page.waitForFunction((id) => {
    const map = document.querySelector(".canvas").map;
    const point = map?.at(id);
    const box = document.querySelector(".canvas").getBoundingClientRect();
    const inside = point && point.x > 0 && point.y > 0 && point.x < box.width && point.y < box.height;
    return inside && map.resting() && { x: box.x + point.x, y: box.y + point.y, drawn: map.drawn() };
  }, seasoning).then((handle) => handle.jsonValue());
  assert.ok(at.drawn.neighbours >= 20 && at.drawn.plain >= 20 && at.drawn.refined > 0, JSON.stringify(at.drawn));
  await page.mouse.click(at.x, at.y);
  await page.getByRole("heading", { name: /taco seasoning, mild, 30 g/ }).waitFor();
  await page.goBack();
  await page.getByRole("heading", { name: /taco shells, crispy, 12 pcs/ }).waitFor();
});

pageTest("the keyboard alone opens a product, and its neighbour", async ({ page, url }) => {
  await page.goto(`${url}/console/map`);
  await page.locator(".clusters li").first().waitFor();
  await page.getByRole("combobox", { name: /Find a product/ }).focus();
  await page.keyboard.type("taco shells crispy");
  await page.getByRole("option", { name: /12 pcs/ }).first().waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  const link = page.locator(`.neighbours li[data-product="${seasoning}"] a`);
  await link.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: /taco seasoning, mild, 30 g/ }).waitFor();
});

pageTest("bindings fade as time passes, and the list says how far", async ({ page, url }) => {
  await page.goto(`${url}/console/map?product=${tacos}`);
  const weakest = page.locator(".neighbours li .line .num").last();
  await page.locator(".neighbours li").first().waitFor();
  const before = Number(await weakest.textContent());
  const halfLife = Number((await page.locator(".time output").first().textContent()).match(/\d+/)[0]);
  await page.getByRole("slider", { name: /Without another receipt/ }).fill(String(halfLife));
  await page.getByText(/has 50% of today's strength/).waitFor();
  assert.ok(Math.abs(Number(await weakest.textContent()) - before / 2) < 0.1 + before * 0.01);
  await page.getByRole("button", { name: "As it is now" }).click();
  await page.waitForFunction(([selector, text]) => Math.abs(Number([...document.querySelectorAll(selector)].at(-1).textContent) - text) < 0.2, [".neighbours li .line .num", before]);
});

pageTest("an edge grows as receipts come in", async ({ page, url }) => {
  const product = "302002";
  await page.goto(`${url}/console/map?product=${product}`);
  await page.locator(".neighbours li").first().waitFor();
  await page.locator('.pulse[data-state="live"]').waitFor();
  const strongest = await page.locator(".neighbours li").first().getAttribute("data-product");
  const receipt = (i) => ({ type: "receipt", id: `console-${Date.now()}-${i}`, source: "console.test", time: new Date().toISOString(), data: { store: "1", products: [product, strongest] } });
  await api("/v1/events", [1, 2, 3, 4, 5].map(receipt));
  await page.locator(`.neighbours li[data-product="${strongest}"] .grown`).waitFor();
  await page.getByText(/since this was opened/).waitFor();
});

pageTest("a scenario's change shows in the preview before it is saved", async ({ page, url }) => {
  const scenario = "product-page";
  const saved = await api(`/v1/scenarios/${scenario}`);
  await page.goto(`${url}/console/member?id=${member}`); // then it is whom the preview takes
  await page.locator(".offers > li").first().waitFor();
  await page.goto(`${url}/console/scenarios?id=${scenario}`);
  const compare = page.locator(`.compare[data-member="${member}"]`);
  await compare.locator("li").first().waitFor();
  assert.equal(await compare.getAttribute("data-changes"), "0");
  await page.getByRole("spinbutton", { name: "own, as a number" }).fill("0");
  await page.getByRole("spinbutton", { name: "past, as a number" }).fill("0");
  await page.keyboard.press("Tab");
  await page.waitForFunction((m) => Number(document.querySelector(`.compare[data-member="${m}"]`)?.dataset.changes) > 0, member);
  assert.equal((await api(`/v1/scenarios/${scenario}`)).version, saved.version, "nothing is saved by a preview");

  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByRole("button", { name: "Redo" }).click();
  await page.getByRole("button", { name: /^Save 2 changes/ }).click();
  await page.getByText(`Version ${saved.version + 1}`).waitFor();
  assert.equal((await api(`/v1/scenarios/${scenario}`)).config.weights.own, 0);

  await page.locator(".versions li").nth(1).getByRole("button", { name: "Take up again" }).click();
  await page.getByRole("button", { name: /^Save 2 changes/ }).click();
  await page.getByText(`Version ${saved.version + 2}`).waitFor();
  assert.deepEqual((await api(`/v1/scenarios/${scenario}`)).config, saved.config);
});

pageTest("a wrong expression is said where it is written", async ({ page, url, allow }) => {
  allow(/400/);
  await page.goto(`${url}/console/scenarios?id=app-home`);
  await page.locator(".compare li").first().waitFor();
  await page.getByRole("textbox", { name: "Filter" }).fill("offer.priority >");
  await page.keyboard.press("Tab");
  await page.getByRole("alert").getByText(/filter/).first().waitFor();
});

pageTest("what happens is told as it comes, and what is refused with its reason", async ({ page, url }) => {
  await page.goto(`${url}/console/now`);
  await page.locator(".tail li .chip").first().waitFor();
  await page.getByRole("heading", { name: "Dead letters" }).waitFor();
  await settled(page);
});

pageTest("light and dark are kept, and no file comes from elsewhere", async ({ page, url }) => {
  const policy = (await page.goto(`${url}/console/`)).headers()["content-security-policy"];
  assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self'/);
  const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
  await page.getByRole("button", { name: "Dark colours" }).click();
  assert.equal(await theme(), "dark");
  await page.reload();
  await page.getByRole("button", { name: "Light colours" }).waitFor();
  assert.equal(await theme(), "dark");
}, { context: { colorScheme: "light" } });
