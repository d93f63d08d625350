// nabo.js: events, recommendations and live lists for a web page. README.md says how.
//
// Three parts: the outbox keeps events until the server has them, the line keeps
// a socket open and what is watched over it up to date, and connect joins the two
// under the customer's consent. Without consent nothing that names a member or a
// session is kept or sent; once it is withdrawn, what waits is thrown away.

const most = {
  waiting: 1000, // events in the outbox; above it the oldest of the same type goes
  batch: 100, // events in one request
  letters: 16_000, // of one frame or of a request that outlives its page: below 64 KiB in any encoding
  clicks: 200, // remembered
  answers: 2000, // items of which it is known who answered with them
};
const millis = {
  answer: 10_000, // to wait for one
  probe: 3_000, // the same, from a line that may be dead
  stale: 5_000, // after so long an event says itself when it happened
  click: 30 * 86_400_000, // how long a click may lead to a purchase
  view: 60_000, // a view that follows a click so soon is that click
};

/** Every error that nabo.js gives. problem is as the server's (RFC 9457); kind is the end of its type. */
export class NaboError extends Error {
  constructor(problem, options) {
    super(problem.detail ?? problem.title ?? "the request failed", options);
    this.name = "NaboError";
    this.problem = problem;
    this.status = problem.status ?? 0;
    this.kind = String(problem.type ?? "").replace("urn:nabo:problem:", "");
  }
}

/** Gives a connection to the server. Nothing goes out before it is used, but for events that wait from before. */
export function connect(options = {}) {
  const { member, session, store, consent = () => true, onstatus } = options;
  const url = (options.url ?? globalThis.location?.origin ?? "").replace(/\/+$/, "");
  if (!/^https?:/.test(url)) throw new TypeError(`nabo: url is "${url}", expected one such as https://nabo.example`);
  const storage = () => ("storage" in options ? options.storage : globalThis.localStorage); // which may be forbidden
  const clicks = kept(storage, `nabo ${url} clicks`, {});
  const answered = new Map(); // item → { recommId, product }
  let had = false, closed = false;

  function agreed() {
    const yes = tell(consent) === true; // one that fails is none
    if (had && !yes) {
      out.forget();
      clicks.write({});
      answered.clear();
    }
    return (had = yes);
  }
  const may = (data) => agreed() || !names(data);
  const report = () => !closed && tell(onstatus, { live: wire.state(), waiting: out.size(), consent: agreed() });
  const wire = line(`${url.replace(/^http/, "ws")}/v1/ws`, may, report, () => out.wake());
  const out = outbox(kept(storage, `nabo ${url} outbox`, []), may, report, (events) => {
    const body = JSON.stringify(events);
    if (wire.state() === "open" && body.length < most.letters) return wire.ask("event", events);
    return request("POST", `${url}/v1/events`, { body, keepalive: body.length < most.letters });
  });

  const withOwn = (fields, data) => {
    const own = Object.entries({ member, session, store }).filter(([name]) => fields?.includes(name));
    return { ...Object.fromEntries(own), ...data };
  };

  function send(type, data = {}, { id = draw(), source = "nabo.js" } = {}) {
    const event = { id, source, type, data: withOwn(carried[type], data), at: Date.now() };
    if (closed) return quiet(Promise.reject(failure("closed", "the connection is closed")));
    if (!may(event.data)) return quiet(Promise.reject(failure("no-consent", `${type} names a member or a session`)));
    return out.add(event);
  }

  // A question goes in the body: what is in a basket has no business in a log of addresses.
  async function ask(path, its, { signal, ...given } = {}) {
    const body = JSON.stringify({ store, ...its, ...given });
    return note(await request("POST", `${url}/v1/${path}`, { body, signal }), path.endsWith("/offers"));
  }

  function note(answer, offers) {
    for (const { id, values } of answer.recomms) {
      answered.delete(id); // the newest last
      answered.set(id, { recommId: answer.recommId, product: offers ? values?.products?.[0] : id });
      if (answered.size > most.answers) answered.delete(answered.keys().next().value);
    }
    return answer;
  }

  function own(path) {
    if (member === undefined) throw new TypeError("nabo: this is about a member: give connect one");
    if (!agreed()) throw failure("no-consent", "this names the member");
    return `members/${part(member)}/${path}`;
  }

  async function activation(method, offer, given) {
    const query = new URLSearchParams();
    const all = { store, recommId: leadTo(offer) ?? answered.get(offer)?.recommId, ...given };
    for (const [name, value] of Object.entries(all)) if (value !== undefined) query.append(name, value);
    return request(method, `${url}/v1/${own(`activations/${part(offer)}`)}?${query}`);
  }

  // leadTo gives the recommId of the click that led to an item, if there was one.
  function leadTo(item) {
    const click = clicks.read()[item];
    return click && Date.now() - click.at < millis.click ? click.recommId : undefined;
  }

  function remember(item, click) {
    const all = Object.entries({ ...clicks.read(), [item]: click }).sort(([, a], [, b]) => b.at - a.at);
    clicks.write(Object.fromEntries(all.slice(0, most.clicks)));
  }

  async function clicked(recommId, item, product = answered.has(item) ? answered.get(item).product : item) {
    const click = { recommId, at: Date.now() };
    if (agreed() && product !== item) remember(item, click);
    if (!product) return nothing; // an offer that names none
    if (agreed()) remember(product, { ...click, viewed: true });
    return send("view", { product, recommId });
  }

  async function view(product) {
    const click = clicks.read()[product];
    if (click?.viewed && Date.now() - click.at < millis.view) {
      remember(product, { ...click, viewed: false });
      return nothing;
    }
    return send("view", { product, recommId: leadTo(product) });
  }

  async function scan(product, qty = 1) {
    const data = { product, action: qty < 0 ? "remove" : "add" };
    const scans = Array.from({ length: Math.min(Math.abs(qty), most.batch) }, () => send("scan", data));
    return (await Promise.all(scans)).at(-1) ?? nothing;
  }

  async function purchased(products, { offers = [], id = draw(), source, ...receipt } = {}) {
    const lines = products.map(lineOf);
    const led = [...lines.map((one) => one.product), ...offers].map((item) => ({ id: item, recommId: leadTo(item) }));
    const attributed = led.filter((one) => one.recommId);
    const known = Object.entries(clicks.read()).filter(([item]) => !attributed.some((one) => one.id === item));
    const sent = [send("receipt", { ...receipt, lines }, { id, source })];
    for (const offer of offers) {
      const recommId = leadTo(offer) ?? answered.get(offer)?.recommId;
      sent.push(send("offer.redeemed", { offer, recommId, receipt: id }, { id: `${id} ${offer}`, source }));
    }
    clicks.write(Object.fromEntries(known)); // a click leads to one purchase
    const [ack] = await Promise.all(sent);
    return { ...ack, attributed };
  }

  const online = () => [out.wake(), wire.probe()];
  globalThis.addEventListener?.("online", online);
  out.wake();

  return {
    send,
    view: hushed(view), scan: hushed(scan), clicked: hushed(clicked), purchased: hushed(purchased),
    cart: (products, action = "add") => send("cart", { cart: session, action, lines: [products].flat().map(lineOf) }),
    shown: (recommId, ids, channel) => send("impression", { recommId, ids, channel }),

    together: (product, given) => ask(`products/${part(product)}/bought-together`, {}, given),
    similar: (product, given) => ask(`products/${part(product)}/similar`, {}, given),
    trending: (given) => ask("trending", {}, given),
    basket: (products, given) => ask("basket/recommendations", agreed() ? { products, member, session } : { products }, given),
    products: async (given) => ask(own("products"), {}, given),
    offers: async (given) => ask(own("offers"), { session }, given),
    activate: (offer, given) => activation("PUT", offer, given),
    deactivate: (offer, given) => activation("DELETE", offer, given),

    live: (topic, params, handlers = {}) => wire.watch(topic, withOwn(watched[topic], params), handlers, note),
    close() {
      closed = true;
      globalThis.removeEventListener?.("online", online);
      out.close();
      wire.close();
    },
  };
}

// What of connect's own goes along with an event and with a subscription.
const anyOf = ["member", "session", "store"];
const carried = {
  receipt: anyOf, view: anyOf, cart: anyOf, scan: anyOf, impression: anyOf,
  "offer.activated": anyOf, "offer.deactivated": anyOf, "offer.redeemed": anyOf,
  "consent.changed": ["member"], "member.identified": ["member", "session"],
};
const watched = { offers: ["member", "store"], basket: anyOf, nudges: anyOf, trending: ["store"] };
const names = (data) => ["member", "session", "cart", "into"].some((field) => data[field] !== undefined);

// What is answered where nothing needed to be sent.
const nothing = { accepted: 0, duplicates: 0, rejected: [], seq: 0 };

// outbox keeps events, the oldest first, until deliver says that the server has
// them. What is in the box is the truth, for all pages that share a storage: two of
// them may send the same event, which its id makes harmless.
function outbox(box, may, report, deliver) {
  const promised = new Map(); // id → { resolve, reject }, of events that this page added
  let busy = false, closed = false, tries = 0, timer;

  function wake(after = 0) {
    clearTimeout(timer);
    if (!closed) timer = setTimeout(flush, after);
  }

  // end takes events out of the box; errorOf says which of them went wrong, and how.
  function end(events, ack, errorOf) {
    const ids = new Set(events.map((one) => one.id));
    box.write(box.read().filter((one) => !ids.has(one.id)));
    events.forEach(({ id }, i) => settle(id, ack, errorOf(i)));
  }
  function settle(id, ack, error) {
    if (error) promised.get(id)?.reject(error);
    else promised.get(id)?.resolve(ack);
    promised.delete(id);
  }

  function next() {
    const waiting = box.read(), here = new Set(waiting.map((one) => one.id)), batch = [];
    for (const id of [...promised.keys()]) if (!here.has(id)) settle(id, nothing); // another page has sent it
    let letters = 0;
    for (const one of waiting.filter((each) => may(each.data))) {
      letters += JSON.stringify(one).length + 50; // its time may be added
      if (batch.length && (letters > most.letters || batch.length === most.batch)) break;
      batch.push(one);
    }
    return batch;
  }

  async function flush() {
    if (busy || closed) return;
    const batch = next();
    let rest = batch.length ? 0 : 1000; // those that are left wait for consent
    busy = true;
    try {
      if (batch.length) {
        const ack = await deliver(batch.map(outer));
        end(batch, ack, (i) => refusal(ack.rejected, i));
        tries = 0;
      }
    } catch (error) {
      // To send it again would change nothing: the events are refused, or the request is.
      if ([400, 413, 415, 422].includes(error.status)) end(batch, nothing, (i) => refusal(error.problem.rejected, i) ?? error);
      else rest = Math.max(pause(++tries), error.retryAfter ?? 0);
    }
    busy = false;
    if (box.read().length) wake(rest);
    report();
  }

  return {
    size: () => box.read().length,
    wake: () => wake((tries = 0)),
    add(event) {
      const all = box.read();
      if (all.length >= most.waiting) {
        const [gone] = all.splice(Math.max(0, all.findIndex((one) => one.type === event.type)), 1);
        settle(gone.id, nothing, failure("outbox-full", "a newer event took its place before it could be sent"));
      }
      box.write([...all, event]);
      const promise = new Promise((resolve, reject) => promised.set(event.id, { resolve, reject }));
      if (!tries) wake(); // otherwise the next try is due by itself
      report();
      return quiet(promise);
    },
    forget() {
      end(box.read().filter((one) => names(one.data)), nothing, () => failure("no-consent", "consent was withdrawn"));
    },
    close() {
      closed = true;
      clearTimeout(timer);
      const later = failure("closed", "the connection was closed; the next one sends the event");
      for (const id of [...promised.keys()]) settle(id, nothing, later);
    },
  };
}

// outer is an event as it is sent. A fresh one has no time, so that a wrong clock here does no harm.
function outer({ at, ...event }) {
  return Date.now() - at < millis.stale ? event : { ...event, time: new Date(at).toISOString() };
}

// line keeps one socket open while something is watched that may be. A broken one
// is opened again with growing pauses and goes on after the last frame that was seen.
function line(url, may, report, opened) {
  const subs = new Set();
  const calls = new Map(); // frame id → { resolve, reject }
  let socket, session, ready = false, heard = false, seq = 0, frames = 0, tries = 0, since = 0, again, beat, look;

  function post(type, data) {
    const id = String(++frames); // never used twice in a session
    socket.send(JSON.stringify({ type, id, data }));
    return id;
  }

  function open() {
    again = clearTimeout(again);
    if (socket) return;
    const mine = (socket = new WebSocket(url, "nabo.v1"));
    mine.onopen = () => post("hello", session ? { resume: { session, seq } } : {});
    mine.onmessage = ({ data }) => mine === socket && take(JSON.parse(data));
    mine.onclose = ({ code }) => mine === socket && lost(code);
    since = Date.now();
    report();
  }

  function hangUp() {
    again = clearTimeout(again);
    beat = clearInterval(beat);
    ready = false;
    const old = socket;
    socket = undefined;
    old?.close(); // one that is half open would take its time to say so
    for (const { reject } of calls.values()) reject(failure("unreachable", "the connection broke"));
    calls.clear();
  }

  function lost(code) {
    hangUp();
    const barred = code === 4001; // not authorised
    for (const sub of subs) if (sub.status !== "no-consent") say(sub, barred ? "refused" : "broken");
    tries = Date.now() - since > 10_000 ? 1 : tries + 1;
    if (code >= 4003 && code <= 4005) tries = Math.max(tries, 5); // too slow, many or fast: to be back at once would not help
    again = barred ? -1 : setTimeout(open, pause(tries));
    report();
  }

  function welcome(data) {
    if (!data.resumed) seq = 0;
    session = data.session;
    ready = true;
    for (const sub of subs) {
      if (data.resumed && sub.known) say(sub, "live");
      else begin(sub); // also one that was not answered before: the server may not know it
    }
    beat = setInterval(pulse, data.heartbeat * 1000);
    opened();
    report();
  }

  function begin(sub) {
    sub.known = false;
    sub.ref = may(sub.params) ? post("subscribe", { topic: sub.topic, ...sub.params }) : undefined;
    say(sub, sub.ref ? "live" : "no-consent");
  }

  function leave(sub) {
    if (ready && sub.ref) post("unsubscribe", { ref: sub.ref });
    sub.ref = undefined;
    sub.known = false;
  }

  // pulse finds out that a connection is dead which does not know it itself.
  function pulse() {
    if (!heard) return lost(0);
    heard = false;
    post("ping");
  }

  function take(frame) {
    const { type, ref, data } = frame;
    heard = true;
    if (frame.seq <= seq) return; // seen before the line broke
    seq = frame.seq ?? seq;
    const waits = calls.get(ref), sub = ref && [...subs].find((one) => one.ref === ref);
    if (type === "welcome") welcome(data);
    else if (!ready) lost(data.status === 401 ? 4001 : 0); // the hello was refused
    else if (waits) type === "error" ? waits.reject(new NaboError(data)) : waits.resolve(data);
    else if (sub) show(sub, frame);
    else if (frame.seq) post("unsubscribe", { ref }); // closed here while the line was broken
  }

  function show(sub, frame) {
    const { data, type } = frame;
    sub.known = true;
    if (type === "snapshot") sub.items = data.recomms;
    if (type === "delta") sub.items = applied(sub.items, data);
    if (type === "snapshot" || type === "delta") {
      sub.note({ ...data, recomms: sub.items }, sub.topic === "offers");
      tell(sub.handlers[type], sub.items, frame);
    } else if (type === "error") {
      subs.delete(sub);
      say(sub, "refused", new NaboError(data));
    } else tell(sub.handlers[type], data, frame); // nudge, event
  }

  function say(sub, status, error) {
    if (sub.status !== status) tell(sub.handlers.status, (sub.status = status), error);
  }

  // tend opens and closes what is watched as consent comes and goes, and the line with it.
  function tend() {
    let any = false;
    for (const sub of subs) {
      const yes = may(sub.params);
      any ||= yes;
      if (!yes) leave(sub);
      if (!yes) say(sub, "no-consent");
      else if (ready && !sub.ref) begin(sub);
      else if (!ready && (!sub.status || sub.status === "no-consent")) say(sub, "connecting");
    }
    if (any && !socket && !again) open();
    if (any || !(socket || again)) return;
    hangUp();
    session = undefined;
    report();
  }

  return {
    state: () => (ready ? "open" : socket ? "connecting" : again ? "waiting" : "off"),
    watch(topic, params, handlers, note) {
      const sub = { topic, params, handlers, note, items: [] };
      subs.add(sub);
      look ??= setInterval(tend, 1000);
      queueMicrotask(tend);
      return { close: () => [leave(sub), subs.delete(sub), tend()] };
    },
    ask(type, data) {
      const id = post(type, data);
      return new Promise((resolve, reject) => {
        calls.set(id, { resolve, reject });
        setTimeout(() => calls.has(id) && lost(0), millis.answer);
      }).finally(() => calls.delete(id));
    },
    // probe goes back to work at once after the network was away.
    probe() {
      if (again > 0) open();
      if (!ready) return;
      const mine = socket;
      post("ping");
      heard = false;
      setTimeout(() => mine === socket && !heard && lost(0), millis.probe);
    },
    close() {
      subs.clear();
      clearInterval(look);
      hangUp();
    },
  };
}

// applied gives a list as it is after a delta, the best first.
function applied(items, { added, removed, moved, changed }) {
  const all = new Map(items.map((one) => [one.id, one]));
  for (const id of removed) all.delete(id);
  for (const one of [...changed, ...added]) all.set(one.id, one);
  for (const { id, rank, score } of moved) if (all.has(id)) all.set(id, { ...all.get(id), rank, score });
  return [...all.values()].sort((a, b) => a.rank - b.rank);
}

async function request(method, url, { body, signal, keepalive } = {}) {
  let answer;
  try {
    const headers = body === undefined ? {} : { "Content-Type": "application/json" };
    answer = await fetch(url, { method, body, headers, keepalive, signal: signal ?? AbortSignal.timeout(millis.answer) });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw failure("unreachable", `${new URL(url).origin} did not answer`, { cause });
  }
  const data = await answer.json().catch(() => undefined);
  if (answer.ok && data) return data;
  const error = new NaboError({ title: answer.statusText, ...data, status: answer.status });
  error.retryAfter = 1000 * (Number(answer.headers.get("Retry-After")) || 0);
  throw error;
}

const failure = (kind, detail, options) => new NaboError({ type: `urn:nabo:problem:${kind}`, detail }, options);
// refusal is what the server found wrong with one event of a request, if it did.
function refusal(rejected, index) {
  const one = rejected?.find((each) => each.index === index);
  const problem = { type: "urn:nabo:problem:bad-event", status: 400, errors: [one] };
  return one && new NaboError({ ...problem, detail: `${one.pointer} ${one.detail}` });
}
// pause grows with each try to a minute at most; chance keeps many pages from coming back at the same moment.
const pause = (tries) => Math.min(60_000, 500 * 2 ** tries) * (0.5 + Math.random() / 2);
const part = encodeURIComponent;
const lineOf = (one) => (typeof one === "object" ? one : { product: one });
const draw = () => [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");

// quiet lets a promise fail without anybody listening.
const quiet = (promise) => (promise.catch(() => {}), promise);
const hushed = (fn) => (...args) => quiet(fn(...args));
// tell calls what the page gave. Its errors are the page's own, and are shown as such.
function tell(fn, ...args) {
  try { return fn?.(...args); } catch (error) { setTimeout(() => { throw error; }); }
}

// kept is a value in a storage; where that is absent, full or forbidden it lives as long as the page.
function kept(storage, name, empty) {
  let held = empty, whole = true;
  return {
    read() {
      if (whole) try { return JSON.parse(storage().getItem(name)) ?? empty; } catch { /* nothing that can be read */ }
      return held;
    },
    write(value) {
      held = value;
      try { storage().setItem(name, JSON.stringify(value)); } catch { whole = false; }
    },
  };
}
