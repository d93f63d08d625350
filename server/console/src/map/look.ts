import type { EdgeDisplayData, NodeDisplayData } from "sigma/types";
import { colour, theme } from "../theme";
import { categoryColour, through } from "./palette";
import type { Line, Point, World } from "./world";

/** Milliseconds that a fresh receipt shows for. */
const glow = 2600;

/** What each point and line looks like: size, colour and width say what it weighs. */
export class Look {
  plain = true;
  refined = true;
  hovered?: string;
  /** When points and lines were lit, by id or key. */
  lit = new Map<string, number>();
  /** How much of a weight is left. */
  left: (at: Line) => number = () => 1;
  private ink = { line: "#2a7f9e", refined: "#b1530b", member: "#6a3fc0", dim: "#c4cdc9", light: "#0b6b57" };
  private now = 0;
  private narrow = false;
  private named = new Set<string>();

  constructor(private world: World) {
    this.colours();
  }

  colours(): void {
    this.ink = { line: colour("plain"), refined: colour("refined"), member: colour("member"), dim: theme.value === "dark" ? "#33423c" : "#d3dad7", light: theme.value === "dark" ? "#ffffff" : "#0b6b57" };
  }

  /** Which points are named: all that are bound to what is opened, fewer on a narrow screen. */
  measure(): void {
    this.narrow = innerWidth <= 820;
    const focus = this.world.focus;
    const near = [...(focus?.near ?? [])].sort((a, b) => this.world.bound(b) - this.world.bound(a));
    this.named = new Set(near.slice(0, this.narrow ? 9 : 40));
  }

  point(id: string, at: Point): Partial<NodeDisplayData> & Record<string, unknown> {
    const focus = this.world.focus;
    const base = { x: at.x, y: at.y, label: at.label, type: "circle" };
    const weight = Math.sqrt(at.support / this.world.top.support);
    const own = at.kind === "member" ? this.ink.member : categoryColour(at.category, theme.value);
    const lit = this.light(id);
    if (focus && (id === focus.id || focus.near.has(id))) {
      const centre = id === focus.id;
      const c = this.world.graph.getNodeAttributes(focus.id);
      return {
        ...base, color: own, size: (centre ? 15 : 5 + 6 * Math.min(1, weight) + 4 * lit) * (this.narrow ? 0.62 : 1), forceLabel: centre || this.named.has(id) || id === this.hovered, zIndex: centre ? 4 : 3,
        label: centre || this.named.has(id) || id === this.hovered ? at.label : null, side: centre ? "below" : at.x < c.x ? "left" : "right", strong: centre, most: this.narrow ? (centre ? 26 : 15) : centre ? 60 : 32, highlighted: id === this.hovered,
      };
    }
    const size = ((this.world.graph.order > 900 ? 1.6 : 2.2) + 8 * Math.min(1, weight) ** 1.15) * (this.narrow ? 0.6 : 1);
    if (focus) return { ...base, label: id === this.hovered ? at.label : null, color: this.ink.dim, size: Math.max(1.5, size * 0.5), zIndex: 0, highlighted: id === this.hovered };
    return { ...base, color: own, size: size + 2.5 * lit, zIndex: 1, most: 28, highlighted: id === this.hovered, label: at.label };
  }

  line(key: string, at: Line): Partial<EdgeDisplayData> & Record<string, unknown> {
    const hidden = { hidden: true, size: 0, color: "#000000" };
    if ((at.kind === "plain" && !this.plain) || (at.kind === "refined" && !this.refined)) return hidden;
    const focus = this.world.focus;
    const strength = Math.min(1, at.weight / this.world.top[at.kind]) * this.left(at);
    const lit = this.light(key);
    const [from, to] = this.world.graph.extremities(key) as [string, string];
    const own = at.kind === "plain" ? this.ink.line : at.kind === "refined" ? this.ink.refined : this.ink.member;
    if (!focus) {
      const near = this.hovered !== undefined && (from === this.hovered || to === this.hovered);
      if ((!at.overview && !lit) || strength < 0.004) return hidden;
      if (at.kind === "refined" && !near) return hidden;
      const seen = near ? 0.85 : 0.1 + 0.4 * Math.sqrt(strength);
      return { size: 0.5 + 3.2 * strength + 2.5 * lit + (near ? 0.6 : 0), color: through(lit ? this.ink.light : own, Math.min(1, seen + lit)), type: this.kind(at), curvature: 0.18, zIndex: lit || near ? 2 : 0 };
    }
    if (!at.focus || strength < 0.004) return hidden;
    const spoke = from === focus.id || to === focus.id;
    const pointed = this.hovered !== undefined && this.hovered !== focus.id && (from === this.hovered || to === this.hovered);
    if (!spoke && !pointed && at.kind === "refined") return hidden;
    const seen = spoke ? 0.3 + 0.6 * Math.sqrt(strength) : pointed ? 0.6 : 0.07 + 0.13 * Math.sqrt(strength);
    const size = (spoke ? 0.6 + (at.kind === "refined" ? 5 : 9) * strength ** 0.8 : 0.5 + 2 * strength) * (this.narrow ? 0.6 : 1);
    return { size: size + 3.5 * lit, color: through(lit ? this.ink.light : own, Math.min(1, seen + lit * 0.7)), type: this.kind(at), curvature: 0.2, zIndex: spoke ? 2 : 1 };
  }

  /** Lets go of lights that are out, and gives all that looks different now. */
  fadeLights(now: number): string[] {
    this.now = now;
    const all = [...this.lit.keys()];
    for (const [id, since] of this.lit) if (now - since > glow) this.lit.delete(id);
    return all;
  }

  private kind = (at: Line): string => (at.kind === "refined" ? "curve" : "thick");

  private light(id: string): number {
    const since = this.lit.get(id);
    if (since === undefined) return 0;
    return Math.max(0, 1 - (Math.max(this.now, since) - since) / glow) ** 2;
  }
}
