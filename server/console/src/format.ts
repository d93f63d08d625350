const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const digits = new Map<number, Intl.NumberFormat>();

/** A number as it is read: 12,340 or 0.338. */
export function number(value: number, most = 2): string {
  if (Math.abs(value) >= 1000) return whole.format(value);
  let format = digits.get(most);
  if (!format) digits.set(most, (format = new Intl.NumberFormat("en", { maximumFractionDigits: most })));
  return format.format(value);
}

/** A large number in few letters: 1.4M. */
export const short = (value: number): string => (Math.abs(value) < 10000 ? number(value, 0) : compact.format(value));

/** A share of one, as a percentage. */
export const percent = (share: number, most = 0): string => `${number(share * 100, most)}%`;

/** Bytes in the unit that fits. */
export function bytes(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let i = 0;
  for (; value >= 1024 && i < units.length - 1; i++) value /= 1024;
  return `${number(value, value < 10 && i > 0 ? 1 : 0)} ${units[i]}`;
}

/** Milliseconds, with as many digits as matter. */
export function millis(value: number): string {
  if (value >= 1000) return `${number(value / 1000, 1)} s`;
  return `${number(value, value < 1 ? 2 : 1)} ms`;
}

/** A price in its currency. */
export function price(value: number | undefined, currency = ""): string {
  if (value === undefined) return "";
  if (!currency) return value.toFixed(2);
  try {
    return new Intl.NumberFormat("en", { style: "currency", currency, currencyDisplay: "code" }).format(value).replace(/ /g, " ");
  } catch {
    return `${value.toFixed(2)} ${currency}`;
  }
}

const dayFormat = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
const dayYear = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const moment = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

/** A day such as 2026-11-20, as 20 Nov. */
export const day = (text: string | undefined): string => (text ? dayFormat.format(new Date(text.slice(0, 10))) : "");
export const date = (text: string | undefined): string => (text ? dayYear.format(new Date(text)) : "");
export const time = (text: string): string => clock.format(new Date(text));
export const when = (text: string | undefined): string => (text ? moment.format(new Date(text)) : "");

/** How long something takes or has taken, in one unit. */
export function span(seconds: number): string {
  if (seconds < 90) return `${number(seconds, 0)} s`;
  if (seconds < 5400) return `${number(seconds / 60, 0)} min`;
  if (seconds < 129600) return `${number(seconds / 3600, 0)} h`;
  return `${number(seconds / 86400, 0)} days`;
}

/** One or many: 1 receipt, 2 receipts. */
export const count = (n: number, one: string, many = `${one}s`): string => `${number(n, 0)} ${n === 1 ? one : many}`;

/** Whole days from a day to a moment. */
export function daysSince(day: string, now: string): number {
  return Math.max(0, (Date.parse(now) - Date.parse(day.slice(0, 10))) / 86400000);
}
