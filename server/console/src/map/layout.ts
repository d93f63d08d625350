import type { World } from "./world";

/** What the worker is asked for: matrices as ForceAtlas2 reads them. */
export type Job = { id: number; points: Float32Array; lines: Float32Array; steps: number };

/** Where all points are after some steps, x and y in turn. */
export type Step = { id: number; places: Float32Array; done: boolean };

/** Lays a world out beside the page's own thread, so that the page stays smooth. */
export class Layout {
  private worker = new Worker(new URL("./layout.worker.ts", import.meta.url), { type: "module" });
  private id = 0;

  constructor(private moved: (ids: string[], step: Step) => void) {}

  /** Starts over from where the points are; what was under way ends. */
  run(world: World, steps: number): void {
    const ids: string[] = [];
    const place = new Map<string, number>();
    world.graph.forEachNode((id, at) => {
      if (at.kind === "member") return;
      place.set(id, ids.length * 10);
      ids.push(id);
    });
    const points = new Float32Array(ids.length * 10);
    ids.forEach((id, i) => {
      const at = world.graph.getNodeAttributes(id);
      points.set([at.wx, at.wy, 0, 0, 0, 0, 1, 1, 1, 0], i * 10);
    });
    const lines: number[] = [];
    world.graph.forEachEdge((_, at, from, to) => {
      const a = place.get(from);
      const b = place.get(to);
      if (at.kind !== "plain" || a === undefined || b === undefined || !at.overview) return;
      lines.push(a, b, at.pull);
      points[a + 6]! += at.pull;
      points[b + 6]! += at.pull;
    });
    const job: Job = { id: ++this.id, points, lines: Float32Array.from(lines), steps };
    this.worker.onmessage = (message: MessageEvent<Step>) => message.data.id === this.id && this.moved(ids, message.data);
    this.worker.postMessage(job, [points.buffer, job.lines.buffer]);
  }

  stop(): void {
    this.worker.terminate();
  }
}
