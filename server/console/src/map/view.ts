import EdgeCurveProgram from "@sigma/edge-curve";
import Sigma from "sigma";
import { EdgeRectangleProgram, type EdgeProgramType } from "sigma/rendering";
import { theme } from "../theme";
import { left, type WhatIf } from "./fade";
import { drawHover, drawLabel } from "./label";
import { Layout, type Step } from "./layout";
import { Look } from "./look";
import { ring, type Place } from "./ring";
import { lineKey, World, type Line, type Point } from "./world";

// The curve's type does not know of attributes; it reads none but curvature.
const programs = { thick: EdgeRectangleProgram, curve: EdgeCurveProgram } as unknown as Record<string, EdgeProgramType<Point, Line>>;

export type Hooks = { open: (id: string, member: boolean) => void; hover: (id: string | undefined) => void };

/** The picture: it draws a world, moves it, and tells what is pointed at. */
export class View {
  readonly look: Look;
  private sigma: Sigma<Point, Line>;
  private layout: Layout;
  private still = matchMedia("(prefers-reduced-motion: reduce)");
  private frame = 0;
  private targets?: Map<string, Place>;
  private settled = false;
  private moving = false;
  private resized = 0;
  private undo: () => void;

  constructor(private box: HTMLElement, readonly world: World, private hooks: Hooks) {
    this.look = new Look(world);
    this.sigma = new Sigma<Point, Line>(world.graph, box, {
      nodeReducer: (id, at) => this.look.point(id, at), edgeReducer: (id, at) => this.look.line(id, at), edgeProgramClasses: programs,
      defaultDrawNodeLabel: drawLabel, defaultDrawNodeHover: drawHover, labelFont: '"Inter", system-ui, sans-serif', labelSize: 12, labelWeight: "500",
      labelDensity: 0.6, labelGridCellSize: 120, labelRenderedSizeThreshold: 11, minCameraRatio: 0.03, maxCameraRatio: 3, zIndex: true, stagePadding: 36, allowInvalidContainer: true,
      minEdgeThickness: 0.35, zoomToSizeRatioFunction: (ratio) => Math.pow(ratio, 0.4),
    });
    this.layout = new Layout((ids, step) => this.moved(ids, step));
    this.listen();
    this.undo = theme.subscribe(() => this.restyle());
  }

  /** Lays everything out anew, from where it is. */
  arrange(steps: number): void {
    this.settled = false;
    this.layout.run(this.world, steps);
  }

  /** Draws the world as it now is, after something was opened or closed. */
  show(): void {
    this.look.measure();
    this.pull(true);
  }

  /** Draws again without moving anything: weights or the what-if changed. */
  restyle(): void {
    this.look.colours();
    this.sigma.refresh({ skipIndexation: true });
  }

  whatIf(whatIf: WhatIf): void {
    this.look.left = (at) => left(at.kind === "leaning" ? this.world.leaningHalfLife || this.world.halfLife : this.world.halfLife, whatIf, at.lastSeen, this.world.asOf);
    this.restyle();
  }

  /** Lights up what a receipt has just bound. */
  flash(products: string[]): void {
    for (const [i, a] of products.entries()) {
      this.look.lit.set(a, performance.now());
      for (const b of products.slice(i + 1)) {
        const key = lineKey("plain", a, b);
        if (this.world.graph.hasEdge(key)) this.look.lit.set(key, performance.now());
      }
    }
    this.animate();
  }

  hover(id: string | undefined): void {
    this.look.hovered = id && this.world.graph.hasNode(id) ? id : undefined;
    this.sigma.refresh({ skipIndexation: true });
  }

  zoom(by: number): void {
    void this.sigma.getCamera().animate({ ratio: this.sigma.getCamera().ratio * by }, { duration: this.still.matches ? 0 : 180 });
  }

  /** Brings what is opened into the middle, or everything if nothing is. */
  fit(): void {
    const camera = this.sigma.getCamera();
    const duration = this.still.matches ? 0 : 500;
    const focus = this.world.focus;
    if (!focus) return void camera.animate({ x: 0.5, y: 0.5, ratio: 1, angle: 0 }, { duration });
    const centre = this.targets?.get(focus.id);
    if (!centre) return;
    const at = this.sigma.viewportToFramedGraph(this.sigma.graphToViewport(centre));
    const radius = this.radius();
    const side = this.sigma.viewportToFramedGraph(this.sigma.graphToViewport({ x: centre.x, y: centre.y + radius }));
    const framed = Math.hypot(side.x - at.x, side.y - at.y);
    // The ring takes as much of the picture as leaves room for names.
    const whole = this.sigma.viewportToFramedGraph({ x: 0, y: 0 });
    const low = this.sigma.viewportToFramedGraph({ x: 0, y: this.sigma.getDimensions().height });
    const ratio = (camera.ratio * framed * 2.27) / Math.hypot(low.x - whole.x, low.y - whole.y);
    void camera.animate({ x: at.x, y: at.y, ratio, angle: 0 }, { duration });
  }

  /** Where some points are on the screen, for what is drawn above them. */
  onScreen(ids: string[]): { x: number; y: number } | undefined {
    let [x, y, n] = [0, 0, 0];
    for (const id of ids) {
      if (!this.world.graph.hasNode(id)) continue;
      const at = this.world.graph.getNodeAttributes(id);
      [x, y, n] = [x + at.x, y + at.y, n + 1];
    }
    return n ? this.sigma.graphToViewport({ x: x / n, y: y / n }) : undefined;
  }

  /** Where one point is drawn, and whether everything has come to rest; for tests, which see no points. */
  at = (id: string): Place | undefined => this.onScreen([id]);
  resting = (): boolean => this.settled && !this.moving && !this.sigma.getCamera().isAnimated();

  /** What is drawn of what is opened; for tests. */
  drawn = (): { neighbours: number; plain: number; refined: number; leaning: number } => {
    const out = { neighbours: this.world.focus?.near.size ?? 0, plain: 0, refined: 0, leaning: 0 };
    this.world.graph.forEachEdge((key, at) => {
      const shown = this.sigma.getEdgeDisplayData(key);
      if (shown && !shown.hidden) out[at.kind]++;
    });
    return out;
  };

  afterRender(call: () => void): void {
    this.sigma.on("afterRender", call);
  }

  stop(): void {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.resized);
    this.undo();
    this.layout.stop();
    this.sigma.kill();
  }

  private listen(): void {
    this.sigma.on("resize", () => (clearTimeout(this.resized), (this.resized = window.setTimeout(() => this.show(), 120))));
    this.sigma.on("clickNode", ({ node }) => this.hooks.open(node, this.world.graph.getNodeAttribute(node, "kind") === "member"));
    this.sigma.on("enterNode", ({ node }) => (this.hover(node), this.hooks.hover(node), (this.box.style.cursor = "pointer")));
    this.sigma.on("leaveNode", () => (this.hover(undefined), this.hooks.hover(undefined), (this.box.style.cursor = "")));
  }

  private radius(): number {
    const box = this.sigma.getCustomBBox() ?? this.sigma.getBBox();
    return Math.max(box.x[1] - box.x[0], box.y[1] - box.y[0]) * 0.2;
  }

  /** The layout moved the points; while something is opened, only those around it show that. */
  private moved(ids: string[], step: Step): void {
    ids.forEach((id, i) => {
      if (!this.world.graph.hasNode(id)) return;
      const at = this.world.graph.getNodeAttributes(id);
      at.wx = step.places[2 * i]!;
      at.wy = step.places[2 * i + 1]!;
    });
    if (step.done) this.settled = true;
    if (this.world.focus && !step.done) return;
    this.pull(step.done);
  }

  /** Sets where each point is going, and goes there. */
  private pull(frame: boolean): void {
    const { width, height } = this.sigma.getDimensions();
    this.bounds();
    const names = width > 600 ? 170 : 95; // pixels beside the ring
    this.targets = ring(this.world, this.radius(), Math.min(1.9, Math.max(0.5, (width / 2 - names) / (height * 0.44))));
    if (!this.settled && !this.world.focus) this.land();
    else this.animate(true);
    if (frame) this.fit();
  }

  /** The frame that the camera is relative to: the layout's, so that nothing jumps when something is opened. */
  private bounds(): void {
    let [x0, x1, y0, y1] = [Infinity, -Infinity, Infinity, -Infinity];
    this.world.graph.forEachNode((_, at) => {
      [x0, x1] = [Math.min(x0, at.wx), Math.max(x1, at.wx)];
      [y0, y1] = [Math.min(y0, at.wy), Math.max(y1, at.wy)];
    });
    if (x0 > x1) return;
    const least = 40; // of a few points that stand close
    const grow = (low: number, high: number): [number, number] => (high - low < least ? [(low + high - least) / 2, (low + high + least) / 2] : [low, high]);
    const box = { x: grow(x0, x1), y: grow(y0, y1) };
    const old = this.sigma.getCustomBBox();
    if (old && old.x.join() === box.x.join() && old.y.join() === box.y.join()) return;
    this.sigma.setCustomBBox(box);
    this.sigma.refresh(); // places on the screen are reckoned by it from here on
  }

  private goal = (id: string, at: Point): Place => this.targets?.get(id) ?? { x: at.wx, y: at.wy };

  private land(): void {
    this.moving = false;
    this.world.graph.updateEachNodeAttributes((id, at) => Object.assign(at, this.goal(id, at)), { attributes: ["x", "y"] });
  }

  /** Moves towards the goals and lets lights go out, until both are done. */
  private animate(moving = this.moving): void {
    this.moving = moving;
    if (this.still.matches) {
      this.land();
      this.look.lit.clear();
      return;
    }
    cancelAnimationFrame(this.frame);
    let before = performance.now();
    const step = (now: number) => {
      const share = 1 - 2 ** (-(now - before) / 90);
      before = now;
      if (this.moving && this.move(share) < 0.05) this.land();
      const lit = this.look.fadeLights(now);
      if (!this.moving && lit.length) this.relight(lit);
      this.frame = this.moving || lit.length ? requestAnimationFrame(step) : 0;
    };
    this.frame = requestAnimationFrame(step);
  }

  /** Takes every point a share of its way, and gives the longest way that is left. */
  private move(share: number): number {
    let far = 0;
    this.world.graph.updateEachNodeAttributes((id, at) => {
      const goal = this.goal(id, at);
      const [dx, dy] = [goal.x - at.x, goal.y - at.y];
      far = Math.max(far, Math.abs(dx), Math.abs(dy));
      at.x += dx * share;
      at.y += dy * share;
      return at;
    }, { attributes: ["x", "y"] });
    return far;
  }

  /** Draws anew only what a light is on, or has just gone out on. */
  private relight(ids: string[]): void {
    const { graph } = this.world;
    this.sigma.refresh({ skipIndexation: true, partialGraph: { nodes: ids.filter((id) => graph.hasNode(id)), edges: ids.filter((id) => graph.hasEdge(id)) } });
  }
}
