import { useEffect, useId, useState } from "preact/hooks";
import { number, percent } from "../format";
import { Icon } from "../ui/icons";
import { bound, type WhatIf } from "./fade";

const [shortest, longest] = [3, 730];
const toSlider = (days: number): number => (Math.log(days / shortest) / Math.log(longest / shortest)) * 1000;
const fromSlider = (at: number): number => Math.round(shortest * (longest / shortest) ** (at / 1000));

/** How bindings fade: sliders over the half-life, and over days without receipts. */
export function TimePanel({ set, value, change, what }: { set: number; value: WhatIf; change: (value: WhatIf) => void; what: string }) {
  const id = useId();
  const [playing, play] = useState(false);
  const end = Math.min(1460, Math.round(value.halfLife * 4));

  useEffect(() => {
    if (!playing) return;
    let frame = 0;
    let before = performance.now();
    let days = value.days >= end ? 0 : value.days;
    const step = (now: number) => {
      days = Math.min(end, days + ((now - before) / 9000) * end);
      before = now;
      change({ ...value, days });
      if (days < end) frame = requestAnimationFrame(step);
      else play(false);
    };
    frame = requestAnimationFrame(step);
    return () => cancelAnimationFrame(frame);
  }, [playing, value.halfLife]);

  const kept = 2 ** (-value.days / value.halfLife);
  const changed = value.days > 0 || Math.abs(value.halfLife - set) >= 0.5;
  return (
    <fieldset class="time">
      <legend class="unseen">Fading</legend>
      <div class="slider">
        <label for={`${id}-half`}>Half-life of {what}</label>
        <output class="num" for={`${id}-half`}>{number(value.halfLife, 0)} days{Math.abs(value.halfLife - set) < 0.5 && ", as set"}</output>
        <input
          id={`${id}-half`} type="range" min="0" max="1000" step="1" value={toSlider(value.halfLife)} aria-valuetext={`${number(value.halfLife, 0)} days`}
          onInput={(e) => { const days = fromSlider(Number(e.currentTarget.value)); change({ ...value, halfLife: Math.abs(days / set - 1) < 0.03 ? set : days }); }}
        />
      </div>
      <div class="row">
        <div class="slider grow">
          <label for={`${id}-days`}>Without another receipt</label>
          <output class="num" for={`${id}-days`}>{number(value.days, 0)} days on</output>
          <input id={`${id}-days`} type="range" min="0" max={end} step="1" value={value.days} aria-valuetext={`${number(value.days, 0)} days`} onInput={(e) => { play(false); change({ ...value, days: Number(e.currentTarget.value) }); }} />
        </div>
        <button class="button icon" type="button" aria-label={playing ? "Stop time" : "Let time pass"} onClick={() => play(!playing)}><Icon name={playing ? "pause" : "play"} /></button>
      </div>
      <p class="small muted" aria-live="off">
        {value.days > 0 ? <>A binding then has {percent(kept, kept < 0.1 ? 1 : 0)} of today's strength. </> : null}
        {bound(set, value.halfLife) && <>Weights are kept as sums, so under another half-life they are known as “{bound(set, value.halfLife).trim()}”. </>}
        {changed && <button class="link" type="button" onClick={() => { play(false); change({ halfLife: set, days: 0 }); }}>As it is now</button>}
      </p>
    </fieldset>
  );
}
