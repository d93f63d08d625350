import { useEffect, useState } from "preact/hooks";
import { get } from "../api";
import { asked, known, namesOf } from "../data/find";
import { bytes, millis, number, short, span, time, when } from "../format";
import { listen, live, type Tail } from "../live";
import { useLoad } from "../load";
import type { DeadLetters, Stats } from "../types";
import { Blank, Card, Figure, Shown } from "../ui/parts";
import { Plot } from "../ui/plot";

type Sample = { at: number; events: number; lag: number; applied: number };

// What was seen outlives the page: who comes back finds the line whole.
const samples: Sample[] = [];

function sample(stats: Stats): Sample[] {
  const at = Date.now() / 1000;
  const before = samples.at(-1);
  if (before && at - before.at < 0.5) return samples;
  const since = before && at - before.at < 10 ? (stats.events.applied - before.applied) / (at - before.at) : undefined;
  samples.push({ at, applied: stats.events.applied, lag: stats.lag, events: since ?? stats.rates?.events ?? 0 });
  if (samples.length > 450) samples.shift();
  return samples;
}

export default function Now() {
  const stats = useLoad("stats", async (signal) => {
    const s = await get<Stats>("/v1/stats", {}, signal);
    sample(s);
    return s;
  }, 2000);
  const s = stats.data;
  return (
    <div class="page">
      <header>
        <div>
          <h1>Now</h1>
          <p>{s ? `${short(s.events.applied)} events applied since the shop began. This process runs since ${when(s.started)}, version ${s.version}.` : "How the engine does at this moment."}</p>
        </div>
      </header>
      <Shown of={stats}>{(s) => <Figures s={s} />}</Shown>
      {s && (
        <div class="grid">
          <Card title="Events a second" more="while this console is open" class="w7">
            {samples.length < 2 ? <Blank>The line begins in a moment.</Blank> : <Plot label="Events a second" times={samples.map((x) => x.at)} series={[{ name: "Events a second", values: samples.map((x) => x.events), colour: "accent" }]} height={210} />}
          </Card>
          <Card title="Answer times" more="over the last minute" class="w5" flush><Latencies s={s} /></Card>
          <div class="w7"><LiveTail /></div>
          <div class="w5 stack"><Dead /><Memory s={s} /></div>
        </div>
      )}
    </div>
  );
}

function Figures({ s }: { s: Stats }) {
  const last = samples.at(-1)?.events ?? 0;
  return (
    <dl class="figures">
      <Figure name="Events" value={number(s.rates?.events ?? last, 1)} unit="/s" note={`position ${number(s.position)}`} />
      <Figure name="Lag" value={number(s.lag)} unit={s.lag === 1 ? "position" : "positions"} note={s.ready ? "caught up with the log" : "catching up"} />
      <Figure name="Questions" value={s.rates ? number(s.rates.requests, 1) : "–"} unit="/s" note="over HTTP" />
      <Figure name="Checkpoint" value={s.checkpoint ? span(s.checkpoint.ageSeconds) : "none yet"} unit={s.checkpoint ? "old" : ""} note={s.checkpoint ? `at position ${number(s.checkpoint.position)}` : "the log holds everything"} />
      <Figure name="Refused" value={short(s.gate.rejected)} note={`${short(s.gate.duplicates)} came twice, counted once`} />
      <Figure name="Memory" value={bytes(s.memory.residentBytes || s.memory.liveBytes)} note={`${short(s.bought.edges)} bindings, ${number(s.bought.bytesPerEdge, 1)} bytes each`} />
    </dl>
  );
}

function Latencies({ s }: { s: Stats }) {
  const list = (s.latency ?? []).slice(0, 8);
  if (!list.length) return <Blank>Nothing was asked in the last minute.</Blank>;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Answer times">
      <table>
        <thead><tr><th scope="col">Question</th><th scope="col" class="right">Times</th><th scope="col" class="right">p50</th><th scope="col" class="right">p90</th><th scope="col" class="right">p99</th></tr></thead>
        <tbody>
          {list.map((l) => (
            <tr key={l.route}>
              <th scope="row" class="route"><code>{l.route.replace("/v1/", "/")}</code></th>
              <td class="right num">{short(l.count)}</td><td class="right num nowrap">{millis(l.p50)}</td><td class="right num nowrap">{millis(l.p90)}</td><td class="right num nowrap">{millis(l.p99)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

type Line = Tail & { key: number };
let keys = 0;
const kept: Line[] = [];
listen((tail) => {
  kept.unshift({ ...tail, key: ++keys });
  if (kept.length > 60) kept.pop();
});

function LiveTail() {
  const [lines, set] = useState<Line[]>(() => [...kept]);
  const [held, hold] = useState(false);
  useEffect(() => {
    if (held) return;
    const timer = setInterval(() => set([...kept]), 400);
    return () => clearInterval(timer);
  }, [held]);
  useNames(held);
  return (
    <Card title="As they come" more={<button class="link" type="button" onClick={() => hold(!held)}>{held ? "Go on" : "Hold"}</button>} flush>
      {lines.length === 0 && <Blank>{live.value === "live" ? "Nothing has happened since this console was opened." : "The live connection is not there; it is tried again."}</Blank>}
      <ol class="tail" tabIndex={lines.length ? 0 : undefined} aria-label="Events as they come">
        {lines.map((l) => (
          <li key={l.key} class={l.dead ? "dead" : ""}>
            <time class="num muted">{l.event ? time(l.event.time) : ""}</time>
            <span class={`chip ${l.dead ? "bad" : ""}`}>{l.event?.type ?? l.dead?.type ?? "refused"}</span>
            <span class="grow clip">{l.dead ? l.dead.reason : what(l)}</span>
          </li>
        ))}
      </ol>
    </Card>
  );
}

/** Asks what products are called, a few at a time, so that a fast tail asks no more than a slow one. */
function useNames(held: boolean): void {
  useEffect(() => {
    if (held) return;
    const abort = new AbortController();
    const timer = setInterval(() => {
      const unknown = kept.slice(0, 20).flatMap((l) => l.event?.products ?? []).filter((id) => !asked(id));
      void namesOf([...new Set(unknown)].slice(0, 12), abort.signal).catch(() => undefined);
    }, 1000);
    return () => (abort.abort(), clearInterval(timer));
  }, [held]);
}

function what({ event }: Line): string {
  if (!event) return "";
  const products = event.products ?? [];
  const more = (event.lines ?? products.length) - products.length;
  return [event.store && `store ${event.store}`, products.map(known).join(", ") + (more > 0 ? ` and ${more} more` : "")].filter(Boolean).join(" · ");
}

function Dead() {
  const dead = useLoad("dead", (signal) => get<DeadLetters>("/v1/dead-letters", { count: 30 }, signal), 5000);
  return (
    <Card title="Dead letters" more="refused, with the reason" flush>
      <Shown of={dead}>{(d) => d.deadLetters.length === 0 ? <Blank>None. Everything that came was taken.</Blank> : (
        <ol class="tail" tabIndex={0} aria-label="Dead letters">
          {d.deadLetters.map((l, i) => (
            <li key={i} class="dead tallline">
              <div class="row"><span class="chip bad">{l.type ?? "unknown"}</span><span class="small muted">by {l.from} · {when(l.time)}</span></div>
              <p>{l.reason}</p>
            </li>
          ))}
        </ol>
      )}</Shown>
    </Card>
  );
}

function Memory({ s }: { s: Stats }) {
  const parts = [...s.memory.parts].sort((a, b) => b.bytes - a.bytes).slice(0, 7);
  const most = parts[0]?.bytes ?? 1;
  return (
    <Card title="What takes memory" more={bytes(s.memory.countedBytes)}>
      <ul class="bars tight">
        {parts.map((p) => (
          <li key={p.part}><div class="line"><span>{words(p.part)}</span><span class="num small muted">{short(p.count)} · {bytes(p.bytes)}</span></div><span class="track accent" aria-hidden="true"><i style={{ width: `${(p.bytes / most) * 100}%` }} /></span></li>
        ))}
      </ul>
    </Card>
  );
}

const words = (name: string): string => name.replace(/[A-Z]/g, (c) => ` ${c.toLowerCase()}`).replace(/^./, (c) => c.toUpperCase());
