import Graph from "graphology";
import type { GraphAnswer, GraphEdge, GraphNode } from "../types";

export type Point = {
  kind: "product" | "member"; label: string; category?: string; support: number; cluster: number;
  /** Where it is in the layout of all, and where it is drawn. */
  wx: number; wy: number; x: number; y: number;
  overview: boolean;
};

export type Line = {
  kind: "plain" | "refined" | "leaning"; weight: number; support?: number; lastSeen?: string;
  /** How strongly the layout draws the two together. */
  pull: number;
  overview: boolean; focus: boolean;
};

/** What is opened: a product or a member, and what is bound to it. */
export type Focus = { id: string; member: boolean; near: Set<string> };

const memberPoint = (id: string) => `member ${id}`;

/** Most points that are kept; beyond it, those of earlier looks go first. */
const room = 2000;

/** All that is drawn: the points and lines of the overview and of what was opened. */
export class World {
  readonly graph = new Graph<Point, Line>({ type: "undirected", multi: true });
  focus?: Focus;
  halfLife = 0;
  leaningHalfLife = 0;
  /** The moment that weights are faded to. */
  asOf = "";
  /** The heaviest weights, to draw the others by. */
  top = { plain: 1, refined: 1, leaning: 1, support: 1 };
  clusters: { name: string; ids: string[] }[] = [];

  /** Takes the overview in. Points that were there keep their places. */
  overview(answer: GraphAnswer): boolean {
    this.times(answer);
    const before = this.graph.order;
    this.graph.forEachEdge((_, at) => (at.overview = false));
    const counts = new Map<number, number>();
    for (const node of answer.nodes) {
      const cluster = node.cluster ?? 0;
      const i = counts.get(cluster) ?? 0;
      counts.set(cluster, i + 1);
      this.point(node, ...spiral(cluster, i), true);
    }
    for (const edge of answer.edges) this.lines(edge, false);
    this.top.support = Math.max(1, ...answer.nodes.map((n) => n.support));
    const names = clusterNames(answer);
    this.clusters = (answer.clusters ?? []).map((c) => ({ name: names.get(c.cluster)!, ids: answer.nodes.filter((n) => n.cluster === c.cluster).map((n) => n.id) }));
    return this.graph.order !== before;
  }

  /** Opens a product or a member; what it brings that is new starts out beside it. */
  open(answer: GraphAnswer): void {
    this.times(answer);
    const member = answer.member !== undefined;
    const id = member ? memberPoint(answer.member!) : answer.nodes[0]!.id;
    this.unmark();
    const at = this.start(answer, id);
    if (member) this.memberAt(id, answer.member!, at);
    answer.nodes.forEach((node, i) => this.point(node, at.x + Math.cos(i * 2.4) * 0.5, at.y + Math.sin(i * 2.4) * 0.5, false));
    for (const edge of answer.edges) this.lines(edge, true);
    for (const l of answer.leanings ?? []) {
      this.line("leaning", id, l.product, { weight: l.weight, lastSeen: l.last, pull: 0, overview: false, focus: true });
    }
    const near = new Set(member ? answer.nodes.map((n) => n.id) : answer.nodes.filter((n) => n.hop === 1).map((n) => n.id));
    this.focus = { id, member, near };
    this.measure();
    this.prune();
  }

  /** Goes back to the overview. */
  close(): void {
    this.focus = undefined;
    this.unmark();
    this.measure();
  }

  /** The strength of a line's kind that is drawn the thickest. */
  measure(): void {
    const top = { plain: 0, refined: 0, leaning: 0 };
    this.graph.forEachEdge((_, at, from, to) => {
      const counts = this.focus ? from === this.focus.id || to === this.focus.id : at.overview;
      if (counts) top[at.kind] = Math.max(top[at.kind], at.weight);
    });
    for (const kind of ["plain", "refined", "leaning"] as const) this.top[kind] = top[kind] || 1;
  }

  /** How strong what is opened is bound to a point, 0 to 1. */
  bound(id: string): number {
    let most = 0;
    if (!this.focus) return 0;
    for (const kind of ["plain", "refined", "leaning"] as const) {
      const key = lineKey(kind, this.focus.id, id);
      if (this.graph.hasEdge(key)) most = Math.max(most, this.graph.getEdgeAttribute(key, "weight") / this.top[kind]);
    }
    return most;
  }

  label(id: string): string {
    return this.graph.hasNode(id) ? this.graph.getNodeAttribute(id, "label") : id;
  }

  private times(answer: GraphAnswer): void {
    this.halfLife = answer.halfLife;
    this.leaningHalfLife = answer.leaningHalfLife ?? this.leaningHalfLife;
    this.asOf = answer.asOf.time;
  }

  private start(answer: GraphAnswer, id: string): { x: number; y: number } {
    const known = [id, ...answer.nodes.map((n) => n.id)].filter((n) => this.graph.hasNode(n)).map((n) => this.graph.getNodeAttributes(n));
    const first = known[0];
    if (!first) return { x: 0, y: 0 };
    if (this.graph.hasNode(id) || known.length < 3) return { x: first.wx, y: first.wy };
    // Among what is bound to it, in the middle of those that are there.
    const xs = known.map((n) => n.wx).sort((a, b) => a - b);
    const ys = known.map((n) => n.wy).sort((a, b) => a - b);
    return { x: xs[xs.length >> 1]!, y: ys[ys.length >> 1]! };
  }

  private memberAt(id: string, name: string, at: { x: number; y: number }): void {
    if (this.graph.hasNode(id)) return;
    this.graph.addNode(id, { kind: "member", label: name, support: 0, cluster: -1, wx: at.x, wy: at.y, ...at, overview: false });
  }

  private point(node: GraphNode, x: number, y: number, overview: boolean): void {
    const { id, name, category, support, cluster } = node;
    if (this.graph.hasNode(id)) {
      this.graph.mergeNodeAttributes(id, overview ? { support, cluster, overview } : { support });
      return;
    }
    this.graph.addNode(id, { kind: "product", label: name || id, category, support, cluster: cluster ?? -1, wx: x, wy: y, x, y, overview });
  }

  private lines(edge: GraphEdge, focus: boolean): void {
    const { from, to } = edge;
    if (!this.graph.hasNode(from) || !this.graph.hasNode(to)) return;
    if (edge.weight !== undefined) {
      const pull = edge.weight / Math.sqrt((this.graph.getNodeAttribute(from, "support") || 1) * (this.graph.getNodeAttribute(to, "support") || 1));
      this.line("plain", from, to, { weight: edge.weight, support: edge.support, lastSeen: edge.lastSeen, pull: Math.min(4, pull * 8), overview: !focus, focus });
    }
    const refined = Math.max(edge.refined ?? 0, edge.refinedBack ?? 0);
    if (refined > 0) this.line("refined", from, to, { weight: refined, pull: 0, overview: !focus, focus });
  }

  private line(kind: Line["kind"], from: string, to: string, at: Omit<Line, "kind">): void {
    const key = lineKey(kind, from, to);
    if (!this.graph.hasEdge(key)) {
      this.graph.addUndirectedEdgeWithKey(key, from, to, { kind, ...at });
      return;
    }
    const old = this.graph.getEdgeAttributes(key);
    this.graph.mergeEdgeAttributes(key, { ...at, overview: old.overview || at.overview, focus: old.focus || at.focus });
  }

  private unmark(): void {
    this.graph.forEachEdge((key, at) => at.focus && this.graph.setEdgeAttribute(key, "focus", false));
  }

  private prune(): void {
    if (this.graph.order <= room) return;
    const spare = this.graph.filterNodes((id, at) => !at.overview && id !== this.focus?.id && !this.focus?.near.has(id));
    for (const id of spare.slice(0, this.graph.order - room)) this.graph.dropNode(id);
  }
}

/** One key for a pair, whichever way it is named. */
export function lineKey(kind: Line["kind"], a: string, b: string): string {
  return a < b ? `${kind} ${a} ${b}` : `${kind} ${b} ${a}`;
}

/** A cluster has its category's name; where a heavier one has it already, that of its first product. */
export function clusterNames(answer: GraphAnswer): Map<number, string> {
  const products = new Map(answer.nodes.map((n) => [n.id, n.name]));
  const taken = new Set<string>();
  return new Map((answer.clusters ?? []).map((c) => {
    const name = c.category && !taken.has(c.category) ? c.category : products.get(c.top[0] ?? "")?.split(",")[0] || c.category || "";
    taken.add(name);
    return [c.cluster, name];
  }));
}

/** A first place: clusters on a sunflower's spiral, their points on a smaller one. */
function spiral(cluster: number, i: number): [number, number] {
  const golden = 2.399963;
  const far = 34 * Math.sqrt(cluster);
  const near = 3 * Math.sqrt(i + 0.5);
  return [far * Math.cos(cluster * golden) + near * Math.cos(i * golden), far * Math.sin(cluster * golden) + near * Math.sin(i * golden)];
}
