// The demo newsletter: a mail as mail programs want it.
import assert from "node:assert/strict";
import { accessible, api, fresh, pageTest, pictures, until } from "./rig.mjs";

/** A member who has agreed to mail. */
async function reader() {
  const member = fresh("m");
  await api(`/v1/members/${member}?wait=applied`, { homeStore: "1", chains: ["torvehal"] }, "PUT");
  await api(`/v1/members/${member}/consents`, [{ purpose: "marketing", channel: "email", granted: true }], "PUT");
  return member;
}

pageTest("the mail shows the first of the list, in tables and without scripts", async ({ page, url }) => {
  const member = await reader();
  await page.goto(`${url}/demo/newsletter?member=${member}`);
  const mail = page.frameLocator("[data-mail]");
  await mail.locator("h1").waitFor();
  assert.equal(await mail.locator("h1, h2").count(), 9);
  assert.equal(await page.locator("[data-all] li").count(), 35);
  assert.equal(await page.locator("[data-all] li.in").count(), 9);
  const inside = await mail.locator("html").evaluate((html) => ({
    scripts: html.querySelectorAll("script, [onclick], [onload]").length,
    others: html.querySelectorAll("div:not([style*='display:none']), section, svg, link").length,
    unstyled: html.querySelectorAll("h1:not([style]), h2:not([style]), p:not([style])").length,
    relative: [...html.querySelectorAll("a, img")].filter((one) => !/^https?:/.test(one.getAttribute("href") ?? one.getAttribute("src"))).length,
    wide: html.scrollWidth > html.clientWidth,
    painted: getComputedStyle(html.querySelector("h1")).fontSize,
  }));
  assert.deepEqual(inside, { scripts: 0, others: 0, unstyled: 0, relative: 0, wide: false, painted: "30px" });
  await page.getByText("Phone").click();
  await until(() => mail.locator("html").evaluate((html) => html.clientWidth < 400), "a mail as narrow as a phone");
  assert.equal(await mail.locator("html").evaluate((html) => html.scrollWidth > html.clientWidth), false);
  await accessible(page);
});

pageTest("a member's own mail, and its link to the whole list", async ({ page, url, newPage }) => {
  await page.goto(`${url}/demo/newsletter`);
  const all = page.frameLocator("[data-mail]").getByRole("link", { name: "See all 35 offers" });
  const link = await all.getAttribute("href");
  await pictures(page, "newsletter");
  const shop = await newPage();
  await shop.goto(link);
  await shop.getByRole("button", { name: "Choose for me" }).click();
  await shop.getByRole("heading", { name: "Your newsletter’s offers" }).waitFor();
  assert.ok(await shop.locator("[data-list] li").count() > 9);
});

pageTest("who has not agreed to mail gets none", async ({ page, url }) => {
  const member = fresh("m");
  await api(`/v1/members/${member}?wait=applied`, { homeStore: "1", chains: ["torvehal"] }, "PUT");
  await page.goto(`${url}/demo/newsletter?member=${member}`);
  await page.getByText(`${member} has not agreed to get mail from us`).waitFor();
  assert.equal(await page.locator("[data-mail]").isVisible(), false);
  await page.getByLabel("Member", { exact: true }).fill(await reader());
  await page.getByRole("button", { name: "Make the mail" }).click();
  await page.frameLocator("[data-mail]").locator("h1").waitFor();
});
