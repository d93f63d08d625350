import { count, day, number, percent, short } from "../format";
import { href } from "../router";
import type { GraphAnswer, GraphEdge } from "../types";
import { Track } from "../ui/parts";
import { bound, left, type WhatIf } from "./fade";
import { categoryColour } from "./palette";
import { theme } from "../theme";
import { clusterNames } from "./world";

type Pointing = { hover: (id?: string) => void };

const Dot = ({ category }: { category?: string }) => <i class="dot" style={{ background: categoryColour(category, theme.value) }} aria-hidden="true" />;

/** The strongest clusters, in words. */
export function Clusters({ answer, hover }: { answer: GraphAnswer } & Pointing) {
  const names = new Map(answer.nodes.map((n) => [n.id, n]));
  const titles = clusterNames(answer);
  return (
    <ol class="clusters" aria-label="Strongest clusters">
      {(answer.clusters ?? []).filter((c) => c.nodes > 1).slice(0, 24).map((c) => (
        <li key={c.cluster}>
          <div class="row">
            <Dot category={c.category ?? names.get(c.top[0] ?? "")?.category} />
            <h3 class="grow clip">{titles.get(c.cluster)}</h3>
            <span class="small muted num">{count(c.nodes, "product")}</span>
          </div>
          <ul>
            {c.top.slice(0, 3).map((id) => (
              <li key={id}>
                <a href={href("map", { product: id })} onMouseEnter={() => hover(id)} onMouseLeave={() => hover()} onFocus={() => hover(id)} onBlur={() => hover()}>{names.get(id)?.name || id}</a>
              </li>
            ))}
          </ul>
        </li>
      ))}
    </ol>
  );
}

export type Order = "strength" | "refined" | "lift";

/** What goes from the centre of an answer to each of its neighbours. */
export function spokes(answer: GraphAnswer): { id: string; edge: GraphEdge; refined: number }[] {
  const centre = answer.nodes[0]?.id;
  return answer.edges.filter((e) => e.from === centre || e.to === centre)
    .map((edge) => ({ id: edge.from === centre ? edge.to : edge.from, edge, refined: (edge.from === centre ? edge.refined : edge.refinedBack) ?? 0 }));
}

type NeighbourProps = { answer: GraphAnswer; whatIf: WhatIf; order: Order; before: Map<string, number>; page?: "map" | "products" } & Pointing;

/** A product's bindings, in words and numbers: the same as the picture. */
export function Neighbours({ answer, whatIf, order, before, hover, page = "map" }: NeighbourProps) {
  const nodes = new Map(answer.nodes.map((n) => [n.id, n]));
  const list = spokes(answer).map((s) => {
    const rest = left(answer.halfLife, whatIf, s.edge.lastSeen, answer.asOf.time);
    return { ...s, rest, weight: (s.edge.weight ?? 0) * rest };
  });
  const key = { strength: (s: (typeof list)[0]) => s.weight, refined: (s: (typeof list)[0]) => s.refined, lift: (s: (typeof list)[0]) => s.edge.lift ?? 0 }[order];
  list.sort((a, b) => key(b) - key(a));
  const heaviest = Math.max(1e-9, ...list.map((s) => s.edge.weight ?? 0));
  const refined = Math.max(1e-9, ...list.map((s) => s.refined));
  const about = bound(answer.halfLife, whatIf.halfLife);
  return (
    <ol class="bars neighbours" aria-label="Bindings">
      {list.map((s) => {
        const node = nodes.get(s.id);
        const grown = (s.edge.support ?? 0) - (before.get(s.id) ?? s.edge.support ?? 0);
        return (
          <li key={s.id} data-product={s.id} onMouseEnter={() => hover(s.id)} onMouseLeave={() => hover()}>
            <div class="line">
              <span class="row"><Dot category={node?.category} /><a class="clip" href={href(page, page === "map" ? { product: s.id } : { id: s.id })} onFocus={() => hover(s.id)} onBlur={() => hover()}>{node?.name || s.id}</a></span>
              {grown > 0.005 && <span class="grown num" title="Receipts since this was opened">+{number(grown, grown < 1 ? 2 : 1)}</span>}
              <span class="num small">{about}{number(s.weight, 1)}</span>
            </div>
            <Track share={s.weight / heaviest} />
            {s.refined > 0 && <Track kind="refined" share={s.refined / refined} />}
            <p class="small muted num">
              {s.edge.support !== undefined ? <>{count(Math.round(s.edge.support * s.rest), "receipt")} with both · {number(s.edge.lift ?? 0, 1)} times chance · last {day(s.edge.lastSeen)}</> : "never on one receipt that is still kept"}
              {s.refined !== 0 && <> · refined {number(s.refined, 3)}{s.refined < 0 && " (against)"}</>}
            </p>
          </li>
        );
      })}
    </ol>
  );
}

/** A member's goods, in words and numbers. */
export function Goods({ answer, whatIf, hover }: { answer: GraphAnswer; whatIf: WhatIf } & Pointing) {
  const nodes = new Map(answer.nodes.map((n) => [n.id, n]));
  const list = answer.leanings ?? [];
  const heaviest = Math.max(1e-9, ...list.map((l) => l.weight));
  return (
    <ol class="bars neighbours" aria-label="Goods">
      {list.map((l) => {
        const weight = l.weight * left(answer.leaningHalfLife ?? answer.halfLife, whatIf, l.last, answer.asOf.time);
        return (
          <li key={l.product} data-product={l.product} onMouseEnter={() => hover(l.product)} onMouseLeave={() => hover()}>
            <div class="line">
              <span class="row"><Dot category={nodes.get(l.product)?.category} /><a class="clip" href={href("map", { product: l.product })} onFocus={() => hover(l.product)} onBlur={() => hover()}>{nodes.get(l.product)?.name || l.product}</a></span>
              <span class="num small">{number(weight, 2)}</span>
            </div>
            <Track kind="member" share={weight / heaviest} />
            <p class="small muted num">{percent(l.share, 1)} of all · bought {short(l.count)} {l.count === 1 ? "time" : "times"}{l.every ? `, every ${number(l.every, 0)} days` : ""} · last {day(l.last)}</p>
          </li>
        );
      })}
    </ol>
  );
}
