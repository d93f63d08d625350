import { daysSince } from "../format";

/** A what-if about time: another half-life, and days without any receipt. */
export type WhatIf = { halfLife: number; days: number };

/**
 * How much of a weight is left. Of a weight that is one sum over all its
 * receipts, two things are known: that it halves in each half-life from now
 * on, and, as no receipt is newer than the last, a bound for what another
 * half-life would have made of it.
 */
export function left(set: number, whatIf: WhatIf, lastSeen: string | undefined, asOf: string): number {
  const age = lastSeen && asOf ? daysSince(lastSeen, asOf) : 0;
  return 2 ** (-age * (1 / whatIf.halfLife - 1 / set)) * 2 ** (-whatIf.days / whatIf.halfLife);
}

/** What a bound is called beside a figure. */
export function bound(set: number, halfLife: number): string {
  if (Math.abs(halfLife - set) < 0.5) return "";
  return halfLife < set ? "at most " : "at least ";
}
