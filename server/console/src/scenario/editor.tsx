import { useId } from "preact/hooks";
import type { Config } from "../types";
import { affinityParts } from "../ui/offer";

type Props = { config: Config; saved: Config; change: (config: Config) => void };

const meanings: Record<string, string> = {
  own: "What the member buys themselves", together: "What goes with what they buy", category: "Categories they buy", brand: "Brands they buy", place: "Sold where they shop", trend: "Sells more than usual",
  popular: "Popular with all", basket: "Goes with the basket at hand", past: "Took offers like it before",
};

/** All settings of a scenario. A change is handed over when it is made, not at each step of a slider. */
export function Editor({ config, saved, change }: Props) {
  const set = <K extends keyof Config>(name: K, value: Config[K]) => change({ ...config, [name]: value });
  return (
    <form class="editor" onSubmit={(e) => e.preventDefault()}>
      <fieldset>
        <legend>What each part of the score counts</legend>
        {affinityParts.map((part) => (
          <Weight
            key={part} name={part} note={meanings[part] ?? ""} value={config.weights[part] ?? 0} changed={config.weights[part] !== saved.weights[part]}
            change={(v) => set("weights", { ...config.weights, [part]: v })}
          />
        ))}
      </fieldset>
      <fieldset>
        <legend>How the list is put together</legend>
        <div class="two">
          <Num label="Items" value={config.count} min={1} max={200} step={1} change={(v) => set("count", v)} />
          <Num label="Kept for, in days" value={config.holdDays} min={0} max={366} change={(v) => set("holdDays", v)} />
          <Num label="Most of a category" note="0: no cap" value={config.maxPerCategory} min={0} max={200} step={1} change={(v) => set("maxPerCategory", v)} />
          <Num label="Most of a funder" note="0: no cap" value={config.maxPerFunder} min={0} max={200} step={1} change={(v) => set("maxPerFunder", v)} />
          <Num label="Diversity" note="a further one of a category loses" value={config.diversity} min={0} max={1} step={0.05} change={(v) => set("diversity", v)} />
          <Num label="Rotation" note="what was just shown loses" value={config.rotationRate} min={0} max={1} step={0.05} change={(v) => set("rotationRate", v)} />
          <Num label="Rotation halves in, days" value={config.rotationDays} min={0.01} max={366} change={(v) => set("rotationDays", v)} />
          <Num label="New offers' share" value={config.explore.share} min={0} max={0.5} step={0.01} change={(v) => set("explore", { ...config.explore, share: v })} />
          <Num label="Priority" value={config.priority} min={0} max={1000} step={0.05} change={(v) => set("priority", v)} />
          <Num label="Margin" value={config.margin} min={0} max={1000} step={0.05} change={(v) => set("margin", v)} />
        </div>
      </fieldset>
      <fieldset>
        <legend>Rules</legend>
        <Expression label="Filter" note="left out unless it holds, such as offer.priority > 0.2" value={config.filter} change={(v) => set("filter", v)} />
        <Expression label="Booster" note="multiplies each score" value={config.booster} change={(v) => set("booster", v)} />
        <label class="row"><input type="checkbox" checked={config.enabled} onChange={(e) => set("enabled", e.currentTarget.checked)} /> Switched on</label>
      </fieldset>
    </form>
  );
}

function Weight({ name, note, value, changed, change }: { name: string; note: string; value: number; changed: boolean; change: (value: number) => void }) {
  const id = useId();
  const most = Math.max(2, Math.ceil(value));
  return (
    <div class={`weight ${changed ? "changed" : ""}`} title={note}>
      <label for={id}>{name}<span class="unseen">: {note}</span></label>
      <input id={id} type="range" min="0" max={most} step="0.05" value={value} data-weight={name} onChange={(e) => change(Number(e.currentTarget.value))} />
      <input class="input num" type="number" min="0" step="0.05" aria-label={`${name}, as a number`} value={value} onChange={(e) => change(Math.max(0, Number(e.currentTarget.value) || 0))} />
    </div>
  );
}

function Num(p: { label: string; note?: string; value: number; min: number; max: number; step?: number; change: (value: number) => void }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{p.label}</label>
      <input
        id={id} class="input num" type="number" min={p.min} max={p.max} step={p.step ?? "any"} value={p.value} aria-describedby={p.note ? `${id}-note` : undefined}
        onChange={(e) => p.change(Math.min(p.max, Math.max(p.min, Number(e.currentTarget.value) || 0)))}
      />
      {p.note && <span class="hint" id={`${id}-note`}>{p.note}</span>}
    </div>
  );
}

function Expression({ label, note, value, change }: { label: string; note: string; value: string; change: (value: string) => void }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <textarea id={id} class="input mono" rows={2} spellcheck={false} value={value} aria-describedby={`${id}-note`} onChange={(e) => change(e.currentTarget.value.trim())} />
      <span class="hint" id={`${id}-note`}>{note}</span>
    </div>
  );
}
