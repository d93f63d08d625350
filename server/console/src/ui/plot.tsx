import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { number, short } from "../format";
import { colour, theme } from "../theme";

export type Series = { name: string; values: number[]; colour: string; bars?: boolean; scale?: string };

/**
 * Series over time. The canvas says nothing to a reader of the screen, so the
 * same figures stand behind it as a table that can be opened.
 */
export function Plot({ label, times, series, height = 190, day = false }: { label: string; times: number[]; series: Series[]; height?: number; day?: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const shape = series.map((s) => `${s.name} ${s.colour} ${s.bars} ${s.scale}`).join();

  useEffect(() => {
    const made = new uPlot(options(series, height, day, box.current!.clientWidth), data(times, series), box.current!);
    plot.current = made;
    const watch = new ResizeObserver(([entry]) => entry && made.setSize({ width: entry.contentRect.width, height }));
    watch.observe(box.current!);
    return () => (watch.disconnect(), made.destroy());
  }, [shape, theme.value, height, day]);

  useEffect(() => plot.current?.setData(data(times, series)), [times, series]);

  return (
    <figure>
      <div class="plot" ref={box} role="img" aria-label={label} />
      <details class="small">
        <summary>As a table</summary>
        <div class="scroll tall" tabIndex={0} role="region" aria-label={label}>
          <table>
            <thead><tr><th scope="col">{day ? "Day" : "Time"}</th>{series.map((s) => <th scope="col" class="right" key={s.name}>{s.name}</th>)}</tr></thead>
            <tbody>
              {times.map((_, i) => i).reverse().slice(0, 120).map((i) => (
                <tr key={i}><th scope="row">{text(times[i]!, day)}</th>{series.map((s) => <td class="right num" key={s.name}>{number(s.values[i] ?? 0)}</td>)}</tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  );
}

const data = (times: number[], series: Series[]): uPlot.AlignedData => [times, ...series.map((s) => s.values)];

const text = (seconds: number, day: boolean): string => {
  const at = new Date(seconds * 1000);
  return day ? at.toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" }) : at.toLocaleTimeString("en-GB");
};

function options(series: Series[], height: number, day: boolean, width: number): uPlot.Options {
  const axis = { stroke: colour("ink-3"), font: '11px "Inter", system-ui', grid: { stroke: colour("line"), width: 1 }, ticks: { show: false } };
  const scales = [...new Set(series.map((s) => s.scale ?? "y"))];
  return {
    width, height, padding: [10, 6, 0, 0], tzDate: (t) => uPlot.tzDate(new Date(t * 1000), day ? "Etc/UTC" : Intl.DateTimeFormat().resolvedOptions().timeZone),
    cursor: { y: false, points: { size: 7 } },
    scales: Object.fromEntries(scales.map((name) => [name, { range: (_: uPlot, __: number, max: number): [number, number] => [0, max > 0 ? max * 1.12 : 1] }])),
    axes: [
      { ...axis, grid: { show: false }, size: 26, values: (_: uPlot, at: number[]) => at.map((t) => text(t, day)), space: day ? 60 : 90, ...(day ? { incrs: [86400, 2 * 86400, 7 * 86400, 14 * 86400, 28 * 86400] } : {}) },
      ...scales.map((scale, i) => ({ ...axis, scale, side: i ? 1 as const : 3 as const, grid: { ...axis.grid, show: i === 0 }, size: 46, values: (_: uPlot, at: number[]) => at.map((v) => short(v)) })),
    ],
    series: [
      { label: day ? "Day" : "Time", value: (_: uPlot, t: number | null) => (t === null ? "–" : text(t, day)) },
      ...series.map((s) => ({
        label: s.name, scale: s.scale ?? "y", stroke: colour(s.colour), width: s.bars ? 0 : 2, fill: `${colour(s.colour)}${s.bars ? "cc" : "1f"}`, points: { show: false },
        value: (_: uPlot, v: number | null) => (v === null ? "–" : number(v)), ...(s.bars ? { paths: uPlot.paths.bars!({ size: [0.7, 26], radius: 0.15 }) } : {}),
      })),
    ],
  };
}
