// The demo shop: goods and offers, a cart that completes itself, and pages that follow.
import assert from "node:assert/strict";
import { customer, offerFor, withdraw } from "./customers.mjs";
import { accessible, api, fresh, pageTest, pictures, wire } from "./rig.mjs";

pageTest("nothing that names the customer is sent before they agree", async ({ page, context, url }) => {
  const member = await customer(context, { consent: "" });
  const named = [];
  page.on("request", (request) => {
    if (new URL(request.url()).pathname.startsWith("/v1/") && (request.url() + request.postData()).includes(member)) named.push(request.url());
  });
  await page.goto(`${url}/demo/shop`);
  await page.locator("[data-trending] li").first().waitFor();
  const ask = page.getByRole("region", { name: "Your choice" });
  await ask.waitFor();
  await page.locator("[data-trending] .add").first().click();
  await page.getByRole("link", { name: /Cart/ }).click();
  await page.getByRole("heading", { name: "Goes with it" }).waitFor();
  assert.deepEqual(named, []);
  await accessible(page);
  await page.getByRole("button", { name: "Choose for me" }).click();
  await ask.waitFor({ state: "detached" });
  await page.waitForLoadState("networkidle"); // leaving would cut off what the cart asks
  await page.goto(`${url}/demo/shop`);
  await page.locator("[data-offers] li").first().waitFor();
  assert.ok(named.length > 0, "after that the member is named");
});

pageTest("home shows offers and goods of the member, with reasons", async ({ page, url }) => {
  await page.goto(`${url}/demo/shop?member=m-1`);
  await page.getByRole("button", { name: "Choose for me" }).click();
  for (const title of ["Your offers now", "Running out?", "New to you", "Many put this in their basket today"]) {
    await page.getByRole("heading", { name: title }).waitFor();
  }
  await page.locator("[data-again] .why", { hasText: "You buy it about every" }).first().waitFor();
  await page.locator(".live[data-status=open]").waitFor();
  await accessible(page);
  await pictures(page, "shop-home");
});

pageTest("a withdrawn offer vanishes from the open page, a new price shows in it", async ({ page, context, url }) => {
  const member = await customer(context);
  const first = await offerFor(member, ["1003"]), second = await offerFor(member, ["1002"]);
  await page.goto(`${url}/demo/shop`);
  const card = (offer) => page.locator("[data-offers] li", { hasText: offer.name });
  await card(first).waitFor();
  await card(second).waitFor();
  await page.evaluate(() => { window.sameAsBefore = true; });
  await withdraw(first.id);
  await card(first).waitFor({ state: "detached" });
  await page.getByRole("status").filter({ hasText: `${first.name} is no longer on offer` }).waitFor();
  const { id, state, since, covers, used, left, ...offer } = await api(`/v1/offers/${second.id}`);
  await api(`/v1/offers/${second.id}`, { ...offer, memberPrice: 7.5 }, "PUT");
  await card(second).locator(".now", { hasText: "750" }).waitFor();
  assert.equal(await page.evaluate(() => window.sameAsBefore), true, "without loading again");
});

pageTest("an offer that is withdrawn behind the counter can be put back", async ({ page, context, url }) => {
  const offer = await offerFor(await customer(context), ["1003"]);
  await page.goto(`${url}/demo/shop`);
  const card = page.locator("[data-offers] li", { hasText: offer.name });
  await card.waitFor();
  await page.getByText("Behind the counter").click();
  await page.getByRole("button", { name: `Withdraw ${offer.name}` }).click();
  await card.waitFor({ state: "detached" });
  await page.getByRole("button", { name: `Put back ${offer.name}` }).click();
  await card.waitFor();
});

pageTest("after a broken connection the page goes on", async ({ page, context, allow }) => {
  const line = await wire();
  try {
    const member = await customer(context), gone = await offerFor(member, ["1003"]), stays = await offerFor(member, ["1002"]);
    await page.goto(`${line.url}/demo/shop`);
    const card = (offer) => page.locator("[data-offers] li", { hasText: offer.name });
    await card(gone).waitFor();
    await card(stays).waitFor();
    allow(/WebSocket|ERR_/);
    line.cut();
    await page.getByText("Connecting…").waitFor();
    await withdraw(gone.id);
    line.mend();
    await card(gone).waitFor({ state: "detached", timeout: 30_000 });
    await page.locator(".live[data-status=open]").waitFor();
    assert.equal(await card(stays).count(), 1);
  } finally {
    line.close();
  }
});

pageTest("a product's page shows what is bought together, and the member's offer on it", async ({ page, context, url }) => {
  const offer = await offerFor(await customer(context), ["1001"]);
  await page.goto(`${url}/demo/product?id=1001`);
  await page.getByRole("heading", { level: 1, name: "El Norte taco shells" }).waitFor();
  await page.locator("[data-together] li", { hasText: "taco seasoning" }).locator(".why", { hasText: /On [\d,]+ receipts with it/ }).waitFor();
  await page.locator("[data-similar] li").first().waitFor();
  await page.locator("[data-offer]", { hasText: offer.name }).waitFor();
  await accessible(page);
  await pictures(page, "shop-product");
  await page.getByRole("button", { name: "Activate" }).click();
  await page.locator("[data-offer]").waitFor({ state: "hidden" });
});

pageTest("the cart completes itself", async ({ page, context, url }) => {
  await customer(context);
  for (const id of ["1002", "1004"]) {
    await page.goto(`${url}/demo/product?id=${id}`);
    await page.getByRole("button", { name: "Put in the cart" }).click();
  }
  await page.getByRole("link", { name: "Cart, 2 goods" }).click();
  const goes = page.locator("[data-goes] li");
  await goes.filter({ hasText: "bought together with" }).or(goes.filter({ hasText: "Bought together with" })).first().waitFor();
  const first = await goes.first().locator("h3").textContent();
  await accessible(page);
  await pictures(page, "shop-cart");
  const suggested = goes.filter({ has: page.locator("h3", { hasText: first }) });
  await goes.first().getByRole("button").click();
  await page.locator("[data-lines] li", { hasText: first }).waitFor();
  await suggested.waitFor({ state: "detached" });
  await page.getByRole("button", { name: `One less of ${first}` }).click();
  await page.locator("[data-lines] li", { hasText: first }).waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Pay" }).click();
  await page.getByText("Thank you.").waitFor();
  await page.getByText("There is nothing in it yet.").waitFor();
});

pageTest("a department shows its goods, also to the keyboard", async ({ page, context, url }) => {
  await customer(context, { member: fresh("m") });
  await page.goto(`${url}/demo/shop`);
  await page.getByRole("link", { name: "Fish", exact: true }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Fish" }).waitFor();
  await page.locator("[data-shelf] li").first().waitFor();
  await page.locator("[data-shelf] .add").first().focus();
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "Cart, 1 goods" }).waitFor();
  await accessible(page);
});
