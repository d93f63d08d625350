import { number } from "../format";
import { href } from "../router";
import type { OfferRecomm, Parts } from "../types";

/** What the parts of a score mean, in the order in which they are drawn. */
const meanings: Record<string, string> = {
  own: "buys it", together: "goes with what they buy", category: "buys the category", brand: "buys the brand", place: "shops where it is", trend: "sells more than usual", popular: "is popular",
  basket: "goes with the basket", past: "took such offers before", priority: "priority", margin: "margin", booster: "booster", explore: "new, so it is tried", rotation: "shown lately", diversity: "others of its kind are above",
};
const order = Object.keys(meanings);
export const partNames = order;
export const affinityParts = order.slice(0, 9);

const colours: Record<string, string> = {
  own: "--p1", together: "--p2", category: "--p3", brand: "--p4", place: "--p5", trend: "--p6", popular: "--p7", basket: "--p8", past: "--p9",
  priority: "--p10", margin: "--p10", booster: "--p11", explore: "--p11", rotation: "--bad", diversity: "--bad",
};

const sorted = (parts: Parts): [string, number][] => Object.entries(parts).sort((a, b) => order.indexOf(a[0]) - order.indexOf(b[0]));

/** A score as the sum that it is: what adds as lengths, what takes away in words. */
export function PartsBar({ parts, most }: { parts: Parts; most: number }) {
  const list = sorted(parts);
  return (
    <>
      <div class="parts" aria-hidden="true">
        {list.filter(([, v]) => v > 0).map(([name, v]) => <i key={name} style={{ width: `${(v / most) * 100}%`, background: `var(${colours[name] ?? "--p11"})` }} title={`${name} ${number(v, 3)}`} />)}
      </div>
      <ul class="legend num">
        {list.map(([name, v]) => <li key={name} title={meanings[name]}><i style={{ background: `var(${colours[name] ?? "--p11"})` }} />{name} {v > 0 ? "" : "−"}{number(Math.abs(v), 3)}</li>)}
      </ul>
    </>
  );
}

/** The longest bar of some lists: the sum of what adds, so that lists can be compared. */
export const longest = (...lists: OfferRecomm[][]): number =>
  Math.max(1e-9, ...lists.flat().map((r) => Object.values(r.parts ?? {}).reduce((sum, v) => sum + Math.max(0, v), 0)));

export function OfferName({ id, name }: { id: string; name?: string }) {
  return <a class="name" href={href("offers", { id })}>{name || id}</a>;
}

/** The rules that leave an offer out, as sentences. */
export const rules: Record<string, string> = {
  withdrawn: "withdrawn", "not-yet": "does not hold yet", ended: "is over", chain: "not in the member's chains", store: "not in the store", stock: "not in stock there", budget: "its budget is spent",
  limit: "the member has had it as often as allowed", activated: "the member has activated it", consent: "no consent for this channel", audience: "the member is not in its audience", pointless: "covered by one that is activated",
  filter: "left out by the filter", excluded: "excluded by the question", "not-asked": "not among those asked for",
};
