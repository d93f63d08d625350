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

pageTest("events wait while offline, also over a reload, and count once", async ({ page, context, url, allow }) => {
  const session = fresh("trip"), product = "1001";
  await onPage(page, url, { session, store: "1" });
  allow(/ERR_INTERNET_DISCONNECTED/);
  await context.setOffline(true);
  await page.evaluate((p) => { nabo.view(p); nabo.scan(p); nabo.scan("1002"); nabo.scan("1002", -1); }, product);
  await page.waitForFunction(() => statuses.at(-1)?.waiting === 4);
  const kept = await page.evaluate(() => JSON.parse(localStorage.getItem(`nabo ${location.origin} outbox`)));
  assert.deepEqual(kept.map((e) => e.type), ["view", "scan", "scan", "scan"]);
  assert.equal(new Set(kept.map((e) => e.id)).size, 4);

  const bodies = [];
  page.on("request", (r) => { if (r.url().includes("/v1/events")) bodies.push(JSON.parse(r.postData())); });
  await context.setOffline(false);
  await onPage(page, url, { session, store: "1" }); // the page that made them is gone
  await page.waitForFunction(() => statuses.at(-1)?.waiting === 0);
  assert.deepEqual(bodies.at(-1).map((e) => e.id), kept.map((e) => e.id));
  const basket = await api(`/v1/basket/recommendations?session=${session}&count=5&minSeq=${(await api("/v1/stats")).position}`);
  assert.ok(basket.recomms.every((r) => r.id !== product && r.source), "the scanned product is in the basket");
  const again = await api("/v1/events", kept.map(({ at, ...event }) => event));
  assert.equal(again.duplicates, 4);
  assert.equal(again.accepted, 0);
}, plain);

pageTest("an answer that is lost is not a second event", async ({ page, allow }) => {
  const line = await wire();
  try {
    await onPage(page, line.url, { session: fresh("s") });
    allow(/ERR_|503/);
    // The server takes the event; its answer never arrives.
    let tries = 0;
    await page.route("**/v1/events", async (route) => {
      if (tries++ > 0) return route.continue();
      await route.fetch();
      await route.abort();
    });
    const ack = await page.evaluate(() => nabo.view("1001"));
    assert.equal(tries, 2);
    assert.deepEqual([ack.accepted, ack.duplicates], [0, 1]);
  } finally {
    line.close();
  }
}, plain);

pageTest("the pauses between tries grow, and Retry-After is kept to", async ({ page, url, allow }) => {
  await page.clock.install();
  await onPage(page, url);
  await page.clock.pauseAt(Date.now() + 60_000);
  await page.evaluate(() => { Math.random = () => 0; }); // the shortest that chance gives
  allow(/503/);
  let tries = 0;
  const later = { status: 503, contentType: "application/problem+json", body: `{"type":"urn:nabo:problem:overloaded","status":503}` };
  await page.route("**/v1/events", (route) => {
    if (++tries > 3) return route.continue();
    return route.fulfill(tries === 3 ? { ...later, headers: { "Retry-After": "9" } } : later);
  });
  await page.evaluate(() => { nabo.view("1001"); });
  const pauses = [];
  for (let n = 1; n <= 4; n++) {
    let pause = 0;
    await until(async () => {
      if (tries === n) return true;
      await page.clock.runFor(250);
      pause += 250;
    }, `try ${n}`);
    await page.waitForFunction(() => statuses.at(-1)?.waiting >= 0);
    pauses.push(pause);
  }
  assert.ok(pauses[1] >= 500 && pauses[2] >= 1000 && pauses[3] >= 9000, `paused for ${pauses}`);
  await page.waitForFunction(() => statuses.at(-1)?.waiting === 0);
}, plain);

pageTest("a refused event is told of and not sent again", async ({ page, url, allow }) => {
  await onPage(page, url);
  allow(/400/);
  const sent = recorded(page);
  const got = await page.evaluate(async () => {
    const bad = nabo.send("view", {}), good = nabo.view("1001");
    return { good: await good, bad: await bad.catch((e) => ({ kind: e.kind, status: e.status, errors: e.problem.errors, text: e.message })) };
  });
  assert.equal(got.good.accepted, 1);
  assert.deepEqual([got.bad.kind, got.bad.status], ["bad-event", 400]);
  assert.equal(got.bad.errors[0].pointer, "/data/product");
  const alone = await page.evaluate(() => nabo.send("viw", { product: "1" }).catch((e) => e.kind));
  assert.equal(alone, "bad-event");
  await page.evaluate(() => nabo.view("1002"));
  assert.equal(sent.filter((r) => r.url().includes("/v1/events")).length, 3);
  assert.equal(await page.evaluate(() => statuses.at(-1).waiting), 0);
}, plain);

pageTest("without consent nothing is kept or sent that names anybody", async ({ page, url }) => {
  const member = fresh("m"), session = fresh("s");
  await onPage(page, url, { member, session, store: "1" }, "() => globalThis.agreed");
  const sent = recorded(page);
  const kinds = await page.evaluate(async () => {
    const kind = (promise) => promise.then(() => "done", (e) => e.kind ?? String(e));
    return {
      view: await kind(nabo.view("1001")), scan: await kind(nabo.scan("1001")), cart: await kind(nabo.cart("1001")),
      clicked: await kind(nabo.clicked("01M80J04M7GV69RPEJ65PYFKT2", "1001")), purchased: await kind(nabo.purchased(["1001"])),
      offers: await kind(nabo.offers()), products: await kind(nabo.products()), activate: await kind(nabo.activate("o-tacos")),
      trending: await kind(nabo.trending()), together: await kind(nabo.together("1001")), basket: await kind(nabo.basket(["1001"])),
    };
  });
  const { trending, together, basket, ...withheld } = kinds;
  assert.deepEqual([trending, together, basket], ["done", "done", "done"]);
  for (const [name, kind] of Object.entries(withheld)) assert.equal(kind, "no-consent", name);
  const said = sent.map((r) => r.url() + (r.postData() ?? "")).join("\n");
  assert.ok(!said.includes(member) && !said.includes(session), said);
  const stored = await page.evaluate(() => JSON.stringify(localStorage));
  assert.ok(!stored.includes(member) && !stored.includes(session) && !stored.includes("1001"), stored);

  await page.evaluate(() => { globalThis.agreed = true; });
  assert.equal(await page.evaluate(async () => (await nabo.view("1001")).accepted), 1);
}, plain);

pageTest("consent that is withdrawn takes along what waits", async ({ page, context, url, allow }) => {
  await onPage(page, url, { member: fresh("m") }, "() => globalThis.agreed ?? true");
  allow(/ERR_INTERNET_DISCONNECTED/);
  await context.setOffline(true);
  await page.evaluate(() => { globalThis.waits = nabo.view("1001").catch((e) => e.kind); });
  await page.waitForFunction(() => statuses.at(-1)?.waiting === 1);
  await page.evaluate(() => { globalThis.agreed = false; });
  assert.equal(await page.evaluate(() => waits), "no-consent");
  assert.equal(await page.evaluate(() => localStorage.getItem(`nabo ${location.origin} outbox`)), "[]");
}, plain);

pageTest("the outbox holds 1,000, and the oldest of the same type goes first", async ({ page, context, url, allow }) => {
  await onPage(page, url, { session: fresh("s"), store: "1" });
  allow(/ERR_INTERNET_DISCONNECTED/);
  await context.setOffline(true);
  const got = await page.evaluate(async () => {
    const first = nabo.cart("1001");
    const views = Array.from({ length: 1001 }, (_, i) => nabo.view(`p-${i}`));
    const gone = await Promise.all([0, 1].map((i) => views[i].catch((e) => e.kind)));
    const kept = JSON.parse(localStorage.getItem(`nabo ${location.origin} outbox`));
    return { gone, length: kept.length, cart: kept[0].type, view: kept[1].data.product, last: kept.at(-1).data.product };
  });
  assert.deepEqual(got, { gone: ["outbox-full", "outbox-full"], length: 1000, cart: "cart", view: "p-2", last: "p-1000" });
  await context.setOffline(false);
  await page.waitForFunction(() => statuses.at(-1).waiting === 0);
}, plain);

pageTest("a click leads to the purchase", async ({ page, url }) => {
  const member = fresh("m"), session = fresh("s");
  await onPage(page, url, { member, session, store: "1" });
  const sent = recorded(page);
  const events = () => sent.filter((r) => r.url().includes("/v1/events")).flatMap((r) => JSON.parse(r.postData()));
  const first = await page.evaluate(async () => {
    const goods = await nabo.together("1001", { count: 2 }), offers = await nabo.offers({ count: 35 });
    const offer = offers.recomms.find((o) => o.values.products?.length);
    await nabo.shown(goods.recommId, goods.recomms.map((r) => r.id));
    await nabo.clicked(goods.recommId, goods.recomms[0].id);
    await nabo.view(goods.recomms[0].id); // the page that the click opened
    await nabo.clicked(offers.recommId, offer.id);
    await nabo.activate(offer.id);
    return { goods: goods.recommId, product: goods.recomms[0].id, offers: offers.recommId, offer: offer.id, of: offer.values.products[0] };
  });
  const before = events();
  assert.deepEqual(before.map((e) => [e.type, e.data.recommId, e.data.product]), [
    ["impression", first.goods, undefined], ["view", first.goods, first.product], ["view", first.offers, first.of],
  ]);
  assert.ok(sent.some((r) => r.method() === "PUT" && new URL(r.url()).searchParams.get("recommId") === first.offers));

  await onPage(page, url, { member, session, store: "1" }); // days later, say
  const bought = await page.evaluate((f) => nabo.purchased([f.product, { product: "1002", qty: 2 }], { offers: [f.offer], currency: "DKK" }), first);
  assert.equal(bought.accepted, 2);
  assert.deepEqual(bought.attributed, [{ id: first.product, recommId: first.goods }, { id: first.offer, recommId: first.offers }]);
  const [receipt, redeemed] = events().slice(before.length);
  assert.deepEqual([receipt.type, receipt.data.session, receipt.data.member, receipt.data.lines.length], ["receipt", session, member, 2]);
  assert.deepEqual([redeemed.type, redeemed.data.recommId, redeemed.data.receipt], ["offer.redeemed", first.offers, receipt.id]);
  const later = await page.evaluate((f) => nabo.purchased([f.product]), first);
  assert.deepEqual(later.attributed, []); // a click leads to one purchase
}, plain);

pageTest("the types name what there is", async ({ page, url }) => {
  await onPage(page, url);
  const { types, methods, exported } = await page.evaluate(async () => ({
    types: await (await fetch("/nabo.d.ts")).text(), methods: Object.keys(nabo), exported: Object.keys(await import("/nabo.js")),
  }));
  const [, body] = /export interface Nabo \{(.*?)\n\}/s.exec(types);
  const named = [...body.matchAll(/^  (\w+)[<(]/gm)].map((m) => m[1]);
  assert.deepEqual([...new Set(named)].sort(), methods.sort());
  assert.deepEqual([...types.matchAll(/^export (?:class|function) (\w+)/gm)].map((m) => m[1]).sort(), exported.sort());
}, plain);

// Live: over a socket.

// spied collects what goes over a page's sockets, both ways.
function spied(page) {
  const frames = { sent: [], got: [], sockets: 0 };
  page.on("websocket", (socket) => {
    frames.sockets++;
    socket.on("framesent", ({ payload }) => frames.sent.push(JSON.parse(payload)));
    socket.on("framereceived", ({ payload }) => frames.got.push(JSON.parse(payload)));
  });
  return frames;
}

// watch begins a subscription on the page and keeps what it is told in a list there.
const watch = (page, topic, params = {}) => page.evaluate(([topic, params]) => {
  const seen = (globalThis.seen ??= {})[topic] = { lists: [], frames: [], statuses: [], nudges: [] };
  const list = (items, frame) => { seen.lists.push(items.map((one) => one.id)); seen.frames.push(frame); };
  const sub = nabo.live(topic, params, {
    snapshot: list, delta: list, nudge: (one) => seen.nudges.push(one),
    status: (status, error) => seen.statuses.push(error ? `${status}: ${error.problem.errors?.[0]?.pointer}` : status),
  });
  seen.close = () => sub.close();
}, [topic, params]);
// shows waits until a list holds these, in whichever order: new offers are given a chance by lot.
const shows = (page, topic, ids) => page.waitForFunction(
  ([topic, ids]) => seen[topic].lists.at(-1)?.toSorted().join() === ids.toSorted().join(), [topic, ids],
).catch(async (late) => {
  const seen = await page.evaluate((topic) => JSON.stringify(globalThis.seen[topic]), topic);
  throw new Error(`expected ${topic} ${ids}, seen: ${seen}`, { cause: late });
});

// A shop of the test's own, with offers on goods of which nobody knows anything.
async function shopWith(...offers) {
  const shop = await serve();
  shop.api = (where, body, method) => api(where, body, method, shop.url);
  for (const [i, id] of offers.entries()) {
    await shop.api(`/v1/offers/${id}`, { products: [`p-${id}`], priority: offers.length - i }, "PUT");
  }
  return shop;
}

pageTest("a scan goes over the open socket and changes the basket's list at once", async ({ page, url }) => {
  const frames = spied(page);
  await onPage(page, url, { session: fresh("trip"), store: "1" });
  const sent = recorded(page);
  await watch(page, "basket", { count: 5 });
  await page.waitForFunction(() => seen.basket.lists.length === 1);
  const first = await page.evaluate(async () => {
    const ack = await nabo.scan("1001");
    return ack;
  });
  assert.equal(first.accepted, 1);
  await page.waitForFunction(() => seen.basket.frames.at(-1).type === "delta");
  const { frame, list, before, statuses } = await page.evaluate(() => ({
    frame: seen.basket.frames.at(-1), list: seen.basket.lists.at(-1), before: seen.basket.lists[0], statuses: seen.basket.statuses,
  }));
  assert.equal(frame.data.cause, "scan");
  assert.notDeepEqual(list, before);
  assert.equal(new Set(list).size, list.length);
  const answer = await api(`/v1/basket/recommendations?products=1001&store=1&count=5`);
  assert.deepEqual(list, answer.recomms.map((r) => r.id));
  assert.deepEqual(statuses, ["connecting", "live"]);
  assert.equal(sent.filter((r) => r.url().includes("/v1/events")).length, 0);
  assert.equal(frames.sent.filter((f) => f.type === "event").length, 1);
}, plain);

pageTest("what is watched goes on where a broken connection left it", async ({ page, allow }) => {
  const shop = await shopWith("o-1", "o-2", "o-3");
  const line = await wire(shop.url);
  try {
    const frames = spied(page);
    await onPage(page, line.url, { member: "m-1" });
    await watch(page, "offers");
    await shows(page, "offers", ["o-1", "o-2", "o-3"]);
    await shop.api("/v1/offers/o-2", undefined, "DELETE");
    await shows(page, "offers", ["o-1", "o-3"]);
    allow(/ERR_|WebSocket/);
    line.cut();
    await page.waitForFunction(() => seen.offers.statuses.at(-1) === "broken");
    await shop.api("/v1/offers/o-3", undefined, "DELETE");
    await shop.api("/v1/offers/o-4", { products: ["p-o-4"], priority: 9 }, "PUT");
    line.mend();
    await shows(page, "offers", ["o-4", "o-1"]);
    const [lists, statuses] = await page.evaluate(() => [seen.offers.frames.map((f) => [f.type, f.seq]), seen.offers.statuses]);
    const answer = await shop.api("/v1/members/m-1/offers");
    assert.deepEqual(await page.evaluate(() => seen.offers.lists.at(-1)), answer.recomms.map((r) => r.id), "in the server's order");
    assert.equal(lists.filter(([type]) => type === "snapshot").length, 1, "nothing was asked for a second time");
    assert.deepEqual(lists.map(([, seq]) => seq), lists.map((_, i) => i + 1), "each frame once, in order");
    assert.deepEqual(statuses, ["connecting", "live", "broken", "live"]);
    const hello = frames.sent.filter((f) => f.type === "hello").at(-1);
    assert.ok(hello.data.resume.session && hello.data.resume.seq === 2);
    assert.equal(frames.sent.filter((f) => f.type === "subscribe").length, 1);
  } finally {
    line.close();
    await shop.stop();
  }
}, plain);

pageTest("a connection that is dead without knowing it is found out", async ({ page, allow }) => {
  const shop = await shopWith("o-1");
  const line = await wire(shop.url);
  try {
    await page.clock.install();
    const frames = spied(page);
    await onPage(page, line.url, { member: "m-1" });
    await watch(page, "offers");
    await shows(page, "offers", ["o-1"]);
    allow(/ERR_|WebSocket/);
    line.silence();
    await page.clock.runFor(60_000); // two heartbeats
    await page.waitForFunction(() => seen.offers.statuses.includes("broken"));
    line.mend();
    await until(async () => {
      await page.clock.runFor(500);
      return page.evaluate(() => seen.offers.statuses.at(-1) === "live");
    });
    await shop.api("/v1/offers/o-2", { products: ["p-2"], priority: 5 }, "PUT");
    await shows(page, "offers", ["o-2", "o-1"]);
    assert.ok(frames.sent.some((f) => f.type === "ping"));
  } finally {
    line.close();
    await shop.stop();
  }
}, plain);

pageTest("a restarted server is asked anew, and what was scanned meanwhile arrives", async ({ page, allow }) => {
  const shop = await shopWith("o-1");
  try {
    const frames = spied(page);
    await onPage(page, shop.url, { member: "m-1", session: "trip-1", store: "1" });
    await watch(page, "offers");
    await shows(page, "offers", ["o-1"]);
    allow(/ERR_|WebSocket|503/);
    const restarted = shop.restart();
    await page.waitForFunction(() => seen.offers.statuses.at(-1) === "broken");
    await page.evaluate(() => { globalThis.scanned = nabo.scan("1001"); });
    await restarted;
    assert.equal((await page.evaluate(() => scanned)).accepted, 1);
    await page.waitForFunction(() => seen.offers.statuses.at(-1) === "live");
    await shop.api("/v1/offers/o-2", { products: ["p-2"], priority: 5 }, "PUT");
    await shows(page, "offers", ["o-2", "o-1"]);
    assert.ok(await page.evaluate(() => seen.offers.frames.filter((f) => f.type === "snapshot").length) >= 2);
    assert.equal(frames.got.filter((f) => f.type === "welcome").at(-1).data.resumed, false);
  } finally {
    await shop.stop();
  }
}, { ...plain, timeout: 90_000 });

pageTest("what is watched waits for consent, and ends with it", async ({ page, url }) => {
  const member = fresh("m"), session = fresh("trip");
  const frames = spied(page);
  await onPage(page, url, { member, session, store: "1" }, "() => globalThis.agreed");
  await watch(page, "offers", { count: 3 });
  await watch(page, "trending", { count: 3 });
  await page.waitForFunction(() => seen.trending.lists.length > 0);
  assert.deepEqual(await page.evaluate(() => seen.offers.statuses), ["no-consent"]);
  const said = () => JSON.stringify(frames.sent);
  assert.ok(!said().includes(member) && !said().includes(session), said());

  await page.evaluate(() => { globalThis.agreed = true; });
  await page.waitForFunction(() => seen.offers.lists.length > 0);
  assert.ok(said().includes(member));

  await page.evaluate(() => { globalThis.agreed = false; });
  await page.waitForFunction(() => seen.offers.statuses.at(-1) === "no-consent");
  await until(() => frames.sent.some((f) => f.type === "unsubscribe"));
  await page.evaluate(() => seen.trending.close());
  await page.waitForFunction(() => statuses.at(-1).live === "off");
  assert.equal(frames.sockets, 1);
}, plain);

pageTest("a subscription that cannot be is refused, and the others go on", async ({ page, url }) => {
  await onPage(page, url, { store: "1" });
  await watch(page, "offers"); // of no member
  await watch(page, "trending");
  await page.waitForFunction(() => seen.trending.lists.length > 0 && seen.offers.statuses.at(-1).startsWith("refused"));
  assert.deepEqual(await page.evaluate(() => seen.offers.statuses), ["connecting", "live", "refused: /data/member"]);
}, plain);

pageTest("a nudge names the offer that the basket touches", async ({ page }) => {
  const shop = await shopWith("o-1");
  try {
    await onPage(page, shop.url, { member: "m-1", session: "trip-1", store: "1" });
    await watch(page, "nudges");
    await page.waitForFunction(() => seen.nudges.frames.length > 0);
    await page.evaluate(() => nabo.scan("p-o-1"));
    const nudge = await (await page.waitForFunction(() => seen.nudges.nudges[0])).jsonValue();
    assert.deepEqual([nudge.offer, nudge.product, nudge.activated], ["o-1", "p-o-1", false]);
  } finally {
    await shop.stop();
  }
}, plain);

pageTest("a page that fails in a handler hears of it, and goes on", async ({ page, url, allow }) => {
  allow(/handler/);
  await onPage(page, url);
  await page.evaluate(() => {
    globalThis.thrown = [];
    addEventListener("error", (e) => thrown.push(e.message));
    nabo.live("trending", {}, { snapshot() { throw new Error("in a handler"); } });
  });
  await page.waitForFunction(() => thrown.some((m) => m.includes("in a handler")));
  await watch(page, "trending");
  await page.waitForFunction(() => seen.trending.lists.length > 0);
}, plain);
