import { useEffect, useRef, useState } from "preact/hooks";
import type { GraphAnswer } from "../types";
import { Icon } from "../ui/icons";
import type { WhatIf } from "./fade";
import { View } from "./view";
import type { World } from "./world";

export type Shown = { plain: boolean; refined: boolean };

type Props = {
  world: World; overview?: GraphAnswer; opened?: GraphAnswer; close: boolean; shown: Shown; whatIf: WhatIf; hovered?: string; label: string;
  open: (id: string, member: boolean) => void; hover: (id?: string) => void; ready: (view: View | undefined) => void;
};

/** The canvas, and what stands above it: names of clusters, and buttons for the view. */
export function Picture(p: Props) {
  const box = useRef<HTMLDivElement>(null);
  const names = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<View>();
  const [broken, setBroken] = useState(false);
  const hooks = useRef(p);
  hooks.current = p;
  const was = useRef("");

  useEffect(() => {
    let made: View;
    try {
      made = new View(box.current!, p.world, { open: (...a) => hooks.current.open(...a), hover: (id) => hooks.current.hover(id) });
    } catch {
      setBroken(true); // no WebGL here: the list says the same
      return;
    }
    made.afterRender(() => place(made, p.world, names.current));
    setView(made);
    Object.assign(box.current!, { map: { at: made.at, resting: made.resting, drawn: made.drawn } });
    p.ready(made);
    return () => (p.ready(undefined), made.stop());
  }, []);

  useEffect(() => {
    if (!view || !p.overview) return;
    const grown = p.world.overview(p.overview);
    p.world.measure();
    label(p.world, names.current);
    if (grown) view.arrange(p.world.graph.order > 900 ? 420 : 520);
    view.show();
  }, [view, p.overview]);

  useEffect(() => {
    if (!view) return;
    if (p.opened) {
      p.world.open(p.opened);
      const id = p.world.focus!.id;
      if (was.current !== id) view.show();
      else view.restyle();
      was.current = id;
    } else if (p.close && p.world.focus) {
      p.world.close();
      was.current = "";
      view.show();
    }
    label(p.world, names.current);
  }, [view, p.opened, p.close, p.overview]);

  useEffect(() => {
    if (!view) return;
    view.look.plain = p.shown.plain;
    view.look.refined = p.shown.refined;
    view.whatIf(p.whatIf);
  }, [view, p.shown, p.whatIf, p.opened, p.overview]);

  useEffect(() => view?.hover(p.hovered), [view, p.hovered]);

  return (
    <div class="picture">
      <div class="canvas" ref={box} role="img" aria-label={p.label} />
      <div class="names" ref={names} aria-hidden="true" />
      {broken && <p class="notice nopicture">This browser draws no WebGL. The list beside says all that the picture would.</p>}
      <div class="viewbuttons" role="group" aria-label="View">
        <button class="button icon" type="button" onClick={() => view?.zoom(0.66)} aria-label="Nearer"><Icon name="plus" /></button>
        <button class="button icon" type="button" onClick={() => view?.zoom(1.5)} aria-label="Further"><Icon name="minus" /></button>
        <button class="button icon" type="button" onClick={() => view?.fit()} aria-label="Fit into the picture"><Icon name="fit" /></button>
      </div>
    </div>
  );
}

/** Writes the clusters' names anew. */
function label(world: World, box: HTMLDivElement | null): void {
  if (!box) return;
  const list = world.focus ? [] : world.clusters.slice(0, innerWidth > 820 ? 14 : 7);
  box.replaceChildren(...list.map((c) => {
    const span = document.createElement("span");
    span.textContent = c.name;
    return span;
  }));
}

/** Moves the names along with the picture; of two that would touch, the lighter cluster's goes. */
function place(view: View, world: World, box: HTMLDivElement | null): void {
  if (!box?.childElementCount) return;
  const taken: { x: number; y: number; w: number }[] = [];
  [...box.children].forEach((child, i) => {
    const span = child as HTMLElement;
    const at = view.onScreen(world.clusters[i]?.ids ?? []);
    const w = span.offsetWidth;
    const free = at && !taken.some((t) => Math.abs(t.x - at.x) < (t.w + w) / 2 + 8 && Math.abs(t.y - at.y) < 22);
    span.style.visibility = free ? "visible" : "hidden";
    if (!free) return;
    taken.push({ ...at, w });
    span.style.transform = `translate(${Math.round(at.x - w / 2)}px, ${Math.round(at.y - 10)}px)`;
  });
}
