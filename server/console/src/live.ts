import { signal } from "@preact/signals";

/** What the live tail tells: an event that was applied, or one that was refused. */
export type Tail = {
  seq?: number;
  event?: { type: string; time: string; store?: string; lines?: number; products?: string[] };
  dead?: { reason: string; type?: string };
};

export type LiveState = "connecting" | "live" | "away";

/** How the connection stands; every page shows it. */
export const live = signal<LiveState>("connecting");

/** Events seen a second, over the last five seconds. */
export const pace = signal(0);

const listeners = new Set<(tail: Tail) => void>();
let seen = 0;

/** Calls back on each event from now on; what it returns ends that. */
export function listen(hear: (tail: Tail) => void): () => void {
  listeners.add(hear);
  return () => listeners.delete(hear);
}

type Nabo = {
  live(topic: string, params: object, hooks: { event(data: Tail): void; status?(s: string): void }): { close(): void };
};

/**
 * Opens the live tail with the same library that shops use. It keeps itself
 * connected. The topic names no member, so there is nothing to consent to.
 */
export async function start(): Promise<void> {
  const address = "/nabo.js"; // served by the same process; not part of this build
  try {
    const { connect } = (await import(/* @vite-ignore */ address)) as { connect(options: object): Nabo };
    const nabo = connect({ consent: () => true, storage: null, onstatus: (s: unknown) => status(String((s as { state?: string })?.state ?? s)) });
    nabo.live("events", {}, { event: hear, status: (s) => status(String(s)) });
  } catch {
    live.value = "away";
  }
  setInterval(measure, 1000);
}

function status(text: string): void {
  live.value = /open|live|online|connected|subscribed|ready/.test(text) ? "live" : /connect/.test(text) ? "connecting" : "away";
}

function hear(tail: Tail): void {
  live.value = "live";
  seen++;
  for (const listener of listeners) listener(tail);
}

const last: number[] = [];

function measure(): void {
  last.push(seen);
  seen = 0;
  if (last.length > 5) last.shift();
  pace.value = last.reduce((a, b) => a + b, 0) / last.length;
}
