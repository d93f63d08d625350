import type { Config } from "../types";

/** One setting that differs, by its path. */
export type Difference = { path: string; from: unknown; to: unknown };

/** What differs between two configurations, in the order of the first. */
export function differences(from: unknown, to: unknown, path = ""): Difference[] {
  if (typeof from === "object" && from && typeof to === "object" && to) {
    const [a, b] = [from as Record<string, unknown>, to as Record<string, unknown>];
    return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((key) => differences(a[key], b[key], path ? `${path}.${key}` : key));
  }
  return Object.is(from, to) ? [] : [{ path, from, to }];
}

export const same = (a: Config, b: Config): boolean => differences(a, b).length === 0;

/** A difference as it is read: diversity 0.1 → 0.3. */
export function words(d: Difference): string {
  const value = (v: unknown) => (v === "" || v === undefined ? "none" : String(v));
  return `${d.path} ${value(d.from)} → ${value(d.to)}`;
}
