import type { World } from "./world";

export type Place = { x: number; y: number };

/**
 * Where points are drawn while something is opened: it stands in the middle,
 * what is bound to it around it, the stronger the nearer, and of one category
 * side by side. Whatever else is there makes room.
 */
export function ring(world: World, radius: number, aspect: number): Map<string, Place> {
  const places = new Map<string, Place>();
  const focus = world.focus;
  if (!focus) return places;
  const centre = world.graph.getNodeAttributes(focus.id);
  const [cx, cy] = [centre.wx, centre.wy];
  places.set(focus.id, { x: cx, y: cy });
  const near = [...focus.near].map((id) => ({ id, bound: world.bound(id), category: world.graph.getNodeAttribute(id, "category") ?? "" }));
  const strongest = new Map<string, number>();
  for (const n of near) strongest.set(n.category, Math.max(strongest.get(n.category) ?? 0, n.bound));
  near.sort((a, b) => strongest.get(b.category)! - strongest.get(a.category)! || (a.category < b.category ? -1 : a.category > b.category ? 1 : b.bound - a.bound));
  near.forEach((n, i) => {
    const angle = (i / near.length) * 2 * Math.PI + Math.PI / near.length;
    const far = radius * (0.56 + 0.44 * (1 - Math.sqrt(n.bound)));
    places.set(n.id, { x: cx + Math.sin(angle) * far * aspect, y: cy + Math.cos(angle) * far });
  });
  for (const side of [-1, 1]) spread([...focus.near].map((id) => places.get(id)!).filter((at) => (at.x - cx) * side > 0), radius * 0.062, cy, radius);
  const edge = radius * 1.3;
  world.graph.forEachNode((id, at) => {
    if (places.has(id)) return;
    const dx = (at.wx - cx) / aspect;
    const dy = at.wy - cy;
    const d = Math.hypot(dx, dy);
    if (d >= edge * 2) return;
    const out = edge + d / 2;
    const [ux, uy] = d > 0 ? [dx / d, dy / d] : [1, 0];
    places.set(id, { x: cx + ux * out * aspect, y: cy + uy * out });
  });
  return places;
}

/** Moves points of one side apart, up and down, so that their names do not lie on each other. */
function spread(side: Place[], gap: number, middle: number, radius: number): void {
  if (side.length < 2) return;
  side.sort((a, b) => a.y - b.y);
  const room = Math.min(gap, (2 * radius) / (side.length - 1));
  const low = middle - radius;
  side.forEach((at, i) => (at.y = Math.max(at.y, i ? side[i - 1]!.y + room : low)));
  const high = middle + radius;
  for (let i = side.length - 1; i >= 0; i--) side[i]!.y = Math.min(side[i]!.y, i + 1 < side.length ? side[i + 1]!.y - room : high);
}
