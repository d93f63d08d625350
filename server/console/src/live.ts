import { signal } from "@preact/signals";
import type { LiveEvent as Tail, LiveStatus } from "../../client/nabo";

export type { Tail };

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

/**
 * Opens the live tail with the library that shops use; it keeps itself
 * connected. The topic names no member, so there is nothing to consent to.
 */
export function start(): void {
  setInterval(measure, 1000);
  void open();
}

async function open(): Promise<void> {
  const address = "/nabo.js"; // served by the same process; not part of this build
  try {
    const { connect } = (await import(/* @vite-ignore */ address)) as typeof import("../../client/nabo");
    connect({ storage: null }).live("events", {}, { event: hear, status: (s) => (live.value = states[s]) });
  } catch {
    live.value = "away";
    setTimeout(() => void open(), 10_000);
  }
}

const states: Record<LiveStatus, LiveState> = { connecting: "connecting", live: "live", broken: "away", refused: "away", "no-consent": "away" };

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
