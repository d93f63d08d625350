// What every browser test here uses: a page that may log no error, a way to cut
// its connection, the server's address, pictures. README.md shows how.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { chromium } from "playwright-core";

/** Where the demo shop answers, without a slash at its end. */
export const url = (process.env.NABO_URL ?? "http://127.0.0.1:8080").replace(/\/$/, "");

const programs = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const executablePath = process.env.NABO_CHROMIUM ?? programs.find(existsSync);

let browser; // one for each file; pages are kept apart by their contexts
after(async () => browser?.close());

async function launched() {
  browser ??= await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
  return browser;
}

/**
 * A test with a page of its own. fn gets { page, context, url, allow, newPage }:
 * allow(pattern) takes errors on the console that the test provokes, and
 * newPage(options) opens a further watched page in a context of its own.
 * It fails when fn does, when a page logs an error, throws, or asks another host
 * for anything. options: timeout in milliseconds, and what
 * browser.newContext takes under context.
 */
export function pageTest(name, fn, { timeout = 60_000, context = {} } = {}) {
  test(name, { timeout }, async () => {
    const watch = watcher();
    const contexts = [];
    const newPage = async (options = {}) => {
      const made = await (await launched()).newContext({ ...context, ...options });
      contexts.push(made);
      made.on("page", watch.see);
      const page = await made.newPage();
      page.setDefaultTimeout(10_000);
      return page;
    };
    const page = await newPage();
    try {
      await fn({ page, context: contexts[0], url, newPage, allow: watch.allow });
      watch.check();
    } catch (error) {
      await failed(name, page);
      throw watch.told(error);
    } finally {
      for (const one of contexts) await one.close();
    }
  });
}

/** Collects what pages complain of. */
function watcher() {
  const complaints = [], allowed = [];
  const note = (text) => {
    if (!allowed.some((pattern) => pattern.test(text))) complaints.push(text);
  };
  const list = () => complaints.map((text) => `  ${text}`).join("\n");
  return {
    allow: (pattern) => allowed.push(pattern),
    see(page) {
      page.on("console", (message) => {
        if (message.type() === "error") note(`console: ${message.text()} (${message.location().url})`);
      });
      page.on("pageerror", (error) => note(`thrown: ${error.stack ?? error}`));
      page.on("request", (request) => {
        const host = new URL(request.url()).hostname;
        if (host && host !== "127.0.0.1" && host !== "localhost") note(`asked another host: ${request.url()}`);
      });
    },
    check() {
      if (complaints.length) throw new Error(`the page complained:\n${list()}`);
    },
    // An error of the test's own is often the consequence of what a page said before.
    told(error) {
      if (complaints.length && !error.message.startsWith("the page complained")) {
        error.message += `\nand the page complained:\n${list()}`;
        error.stack = `${error.message}\n${error.stack}`;
      }
      return error;
    },
  };
}

/** Keeps a picture of where a test failed, if NABO_PICTURES names a folder. */
async function failed(name, page) {
  if (!process.env.NABO_PICTURES || page.isClosed()) return;
  await shoot(page, `failed-${name}`).catch(() => {});
}

async function shoot(page, name) {
  await mkdir(process.env.NABO_PICTURES, { recursive: true });
  const file = path.join(process.env.NABO_PICTURES, `${name.replace(/[^a-z0-9-]+/gi, "-")}.png`);
  await page.screenshot({ path: file });
}

/**
 * Takes four pictures of a page as it is: desktop and phone, light and dark. It
 * does nothing unless NABO_PICTURES names a folder, and leaves the page at desktop width, light.
 */
export async function pictures(page, name) {
  if (!process.env.NABO_PICTURES) return;
  const sizes = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };
  for (const [size, viewport] of Object.entries(sizes).reverse()) {
    for (const colorScheme of ["dark", "light"]) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme });
      await shoot(page, `${name}-${size}-${colorScheme}`);
    }
  }
}

/** Fails when axe finds a fault of weight serious or critical in the page as it is. */
export async function accessible(page) {
  // Evaluated and not added as an element, which the page's policy may forbid.
  await page.evaluate(await readFile(new URL("node_modules/axe-core/axe.min.js", import.meta.url), "utf8"));
  const faults = await page.evaluate(async () => {
    // What fades in has no contrast yet.
    const passing = document.getAnimations().filter((a) => a.playState === "running" && Number.isFinite(a.effect?.getComputedTiming().endTime));
    await Promise.allSettled(passing.map((a) => a.finished));
    const { violations } = await window.axe.run();
    return violations.filter((v) => v.impact === "serious" || v.impact === "critical")
      .map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.target.join(" ")).join("; ")}`);
  });
  if (faults.length) throw new Error(`axe found:\n  ${faults.join("\n  ")}`);
}

/**
 * A way to the server that a test can cut. Open pages at its url in place of
 * the server's. cut() breaks what is open and refuses what comes; silence()
 * keeps connections open and passes nothing on; mend() takes both back.
 */
export async function wire(to = url) {
  const { hostname, port } = new URL(to);
  const open = new Set();
  let state = "open";
  const server = createServer((near) => {
    if (state === "cut") return near.destroy();
    const far = connect(Number(port), hostname);
    for (const [socket, other] of [[near, far], [far, near]]) {
      open.add(socket);
      socket.on("data", (chunk) => state === "open" && other.write(chunk));
      socket.on("end", () => other.end());
      socket.on("error", () => other.destroy());
      socket.on("close", () => { open.delete(socket); other.destroy(); });
    }
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const cut = () => {
    state = "cut";
    for (const socket of open) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    cut,
    silence: () => { state = "silent"; },
    mend() {
      if (state === "silent") cut(); // what was swallowed cannot be made good
      state = "open";
    },
    close() { cut(); server.close(); },
  };
}

/**
 * Starts a nabo of the test's own, empty unless demo is true, for what the
 * shared one must not suffer. restart() stops it and starts it again on the
 * same folder and port; stop() stops it and removes the folder.
 */
export async function serve({ demo = false, args = [] } = {}) {
  const folder = await mkdtemp(path.join(tmpdir(), "nabo-browser-"));
  let running = await started(folder, "127.0.0.1:0", demo, args);
  return {
    url: running.url,
    async restart() {
      await running.end();
      running = await started(folder, new URL(running.url).host, demo, args);
    },
    async stop() {
      await running.end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function started(folder, listen, demo, args) {
  const child = spawn(process.env.NABO_BIN ?? "nabo",
    ["serve", "--data", path.join(folder, "data"), "--listen", listen, "--nats-listen", "off", ...(demo ? ["--demo"] : []), ...args],
    { stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise((done) => child.on("exit", done));
  const sign = demo ? /From now on/ : /nabo answers at/;
  let said = "";
  await new Promise((done, fail) => {
    const hear = (chunk) => {
      said += chunk;
      if (sign.test(said)) done();
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.on("error", fail);
    child.on("exit", () => fail(new Error(`nabo ended:\n${said}`)));
  });
  const at = /nabo answers at (\S+)/.exec(said)[1];
  return {
    url: at,
    async end() {
      child.kill("SIGINT");
      await ended;
    },
  };
}

/**
 * Waits until ask() gives something true and returns it. ask may be async. For
 * what only the server knows; what a page shows is awaited with page.waitForFunction or
 * locators.
 */
export async function until(ask, what = "what was awaited", millis = 10_000) {
  const late = Date.now() + millis;
  for (;;) {
    const got = await ask();
    if (got) return got;
    if (Date.now() > late) throw new Error(`${what} did not come within ${millis} ms`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** Asks the server's API, past every page: GET, or POST of a body. Gives the decoded answer. */
export async function api(where, body, method = body === undefined ? "GET" : "POST", base = url) {
  const answer = await fetch(base + where, {
    method, headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${where}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : undefined;
}

let drawn = 0;
/** A name that no other test uses, for members, sessions and offers. */
export function fresh(kind = "t") {
  return `${kind}-${process.pid}-${Date.now().toString(36)}-${++drawn}`;
}
