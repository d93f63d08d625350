import { ApiError, get, path } from "../api";
import { price, short } from "../format";
import type { Offers, Product, Products } from "../types";
import type { Choice } from "../ui/picker";

/** Products by the words in their names; without words, the most bought. */
export async function findProducts(text: string, signal: AbortSignal): Promise<Choice[]> {
  const found = await get<Products>("/v1/products", { q: text, count: 12 }, signal);
  return found.products.map((p) => ({ id: p.id, text: p.name || p.id, note: `${short(p.support)} receipts` }));
}

export async function findOffers(text: string, signal: AbortSignal): Promise<Choice[]> {
  const found = await get<Offers>("/v1/offers", { q: text, count: 12, active: text ? undefined : true }, signal);
  return found.offers.map((o) => ({ id: o.id, text: o.name || o.id, note: o.memberPrice ? price(o.memberPrice, o.currency) : o.state }));
}

const names = new Map<string, string>();

/** Notes names that an answer brought, so that they need not be asked for. */
export function learn(list: { id: string; name?: string }[]): void {
  for (const p of list) if (p.name) names.set(p.id, p.name);
}

export const known = (id: string): string => names.get(id) ?? id;

/** Whether it was asked what an id is called. */
export const asked = (id: string): boolean => names.has(id);

/** What products are called; an id that nobody knows stays an id. */
export async function namesOf(ids: string[], signal: AbortSignal): Promise<Map<string, string>> {
  const missing = [...new Set(ids)].filter((id) => !names.has(id)).slice(0, 60);
  await Promise.all(missing.map(async (id) => {
    try {
      const p = await get<Product>(path("products", id), {}, signal);
      names.set(id, p.values.name || id);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      names.set(id, id);
    }
  }));
  return names;
}

const recentKey = "nabo-console-members";

/** Members that were looked at here, the latest first; there is no list of all. */
export function recentMembers(): string[] {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(recentKey) ?? "[]");
    return Array.isArray(list) ? list.filter((x) => typeof x === "string").slice(0, 8) : [];
  } catch {
    return [];
  }
}

export function rememberMember(id: string): void {
  try {
    localStorage.setItem(recentKey, JSON.stringify([id, ...recentMembers().filter((m) => m !== id)].slice(0, 8)));
  } catch {
    // Storage may be off: then nothing is remembered.
  }
}
