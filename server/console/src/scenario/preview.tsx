import { useEffect, useState } from "preact/hooks";
import { get, path, send } from "../api";
import { recentMembers } from "../data/find";
import { count, number } from "../format";
import { useLoad, useSettled } from "../load";
import { href } from "../router";
import type { Config, Preview, PreviewSide } from "../types";
import { Blank, Card, Shown } from "../ui/parts";
import { Picker } from "../ui/picker";

/** What the draft would show to some members, beside what is saved. */
export function PreviewPanel({ scenario, config, dirty }: { scenario: string; config: Config; dirty: boolean }) {
  const [members, setMembers] = useState<string[]>(() => recentMembers().slice(0, 3));
  useSomebody(members.length === 0, setMembers);
  const text = useSettled(JSON.stringify(config), 200);
  const preview = useLoad(members.length ? `preview ${scenario} ${members.join()} ${text}` : "", (signal) =>
    send<Preview>("POST", "/v1/scenarios/preview", { scenario, config: JSON.parse(text), members, count: 10 }, signal));
  const [last, setLast] = useState<Preview>();
  useEffect(() => void (preview.data && setLast(preview.data)), [preview.data]);
  const shown = preview.data ?? (preview.error ? undefined : last);
  const add = (m: string) => setMembers((list) => [...list.filter((x) => x !== m), m].slice(-6));
  return (
    <section class="stack" aria-label="Preview">
      <Card title="Preview" more={dirty ? "the draft beside what is saved" : "change something to see what it does"}>
        <div class="stack">
          <div class="people">
            {members.map((m) => (
              <span key={m} class="chip member">{m}<button class="link" type="button" aria-label={`Without ${m}`} onClick={() => setMembers(members.filter((x) => x !== m))}>×</button></span>
            ))}
          </div>
          <Picker label="Add a member to the preview" placeholder="Add a member's id" free pick={add} find={async (t) => recentMembers().filter((m) => m.includes(t)).map((m) => ({ id: m, text: m, note: "looked at before" }))} />
        </div>
      </Card>
      {preview.error && <Shown of={preview}>{() => null}</Shown>}
      {shown?.members.map((m) => {
        const moved = changes(m.saved, m.preview);
        return (
          <Card key={m.member} title={<a href={href("member", { id: m.member })}>{m.member}</a>} more={m.known ? moved === 0 ? "nothing changes" : `${count(moved, "place")} of ${rows(m.preview).length} ${moved === 1 ? "changes" : "change"}` : "nothing is known of this member"} flush class={preview.loading ? "busy" : ""}>
            <div class="compare" data-member={m.member} data-changes={moved}>
              <div><h3>Saved</h3><Side side={m.saved} other={m.preview} before /></div>
              <div><h3>Draft</h3><Side side={m.preview} other={m.saved} /></div>
            </div>
          </Card>
        );
      })}
    </section>
  );
}

type Row = { id: string; name: string; score: number; offer: boolean };

const rows = (side: PreviewSide): Row[] =>
  [...side.offers.map((o) => ({ id: o.id, name: o.values.name || o.id, score: o.score, offer: true })), ...side.products.map((p) => ({ id: p.id, name: p.values.name || p.id, score: p.score, offer: false }))];

/** How many places of the second list hold another item than in the first. */
function changes(a: PreviewSide, b: PreviewSide): number {
  const [x, y] = [rows(a), rows(b)];
  return y.filter((row, i) => x[i]?.id !== row.id).length + Math.max(0, x.length - y.length);
}

function Side({ side, other, before = false }: { side: PreviewSide; other: PreviewSide; before?: boolean }) {
  const list = rows(side);
  const there = new Map(rows(other).map((r, i) => [r.id, i]));
  if (list.length === 0) return <Blank>An empty list.</Blank>;
  return (
    <ol>
      {list.map((r, i) => {
        const at = there.get(r.id);
        const [kind, text] = at === undefined ? (before ? ["gone", "gone"] : ["new", "new"]) : before || at === i ? ["", ""] : at > i ? ["up", `▲ ${at - i}`] : ["down", `▼ ${i - at}`];
        return (
          <li key={r.id} class={kind === "gone" ? "out" : ""}>
            <span class="rank num">{i + 1}</span>
            <a class="clip" href={href(r.offer ? "offers" : "products", { id: r.id })}>{r.name}</a>
            <span class="num small muted">{number(r.score, 2)}</span>
            <span class={`move num ${kind}`}>{text}</span>
          </li>
        );
      })}
    </ol>
  );
}

/** Takes somebody to try it on where nobody was looked at yet: who leans most towards what sells most. */
function useSomebody(needed: boolean, set: (members: string[]) => void): void {
  useEffect(() => {
    if (!needed) return;
    const abort = new AbortController();
    void (async () => {
      try {
        const top = await get<{ products: { id: string }[] }>("/v1/products", { count: 1 }, abort.signal);
        if (!top.products[0]) return;
        const found = await get<{ members: { member: string }[] }>(path("products", top.products[0].id, "members"), { count: 3 }, abort.signal);
        if (found.members.length) set(found.members.map((m) => m.member));
      } catch {
        // Then members are named by hand.
      }
    })();
    return () => abort.abort();
  }, []);
}
