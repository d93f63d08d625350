import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { get } from "../api";
import { findProducts, learn } from "../data/find";
import { count, number } from "../format";
import { listen } from "../live";
import { useLoad } from "../load";
import type { WhatIf } from "../map/fade";
import { Clusters, Goods, Neighbours, spokes, type Order } from "../map/lists";
import { Picture } from "../map/picture";
import { TimePanel } from "../map/time";
import type { View } from "../map/view";
import { World } from "../map/world";
import { go, href, place } from "../router";
import type { GraphAnswer } from "../types";
import { Icon } from "../ui/icons";
import { Segments, Shown as Loads } from "../ui/parts";
import { Picker } from "../ui/picker";

// It outlives the page: who comes back finds the points where they were.
const world = new World();

async function find(text: string, signal: AbortSignal) {
  const found = await findProducts(text, signal).catch(() => []);
  return text ? [...found.slice(0, 9), { id: `member:${text}`, text, note: "as a member" }] : found;
}

function open(id: string): void {
  if (id.startsWith("member:")) go("map", { member: id.slice(7) });
  else go("map", { product: id });
}

export default function MapPage() {
  const product = place.value.query.get("product") ?? "";
  const member = place.value.query.get("member") ?? "";
  const points = place.value.query.get("points") ?? "600";
  const [many, setMany] = useState(24);
  const [shown, setShown] = useState({ plain: true, refined: true });
  const [whatIf, setWhatIf] = useState<WhatIf>();
  const [hovered, hover] = useState<string>();
  const [order, setOrder] = useState<Order>("strength");
  const view = useRef<View | undefined>(undefined);

  const overview = useLoad(`map ${points}`, (signal) => get<GraphAnswer>("/v1/graph", { points }, signal));
  const focus = product ? `product ${product}` : member ? `member ${member}` : "";
  const opened = useLoad(focus && `${focus} ${many}`, (signal) => get<GraphAnswer>("/v1/graph", { product, member, count: many }, signal));
  const now = focus ? opened.data : overview.data;
  if (now) learn(now.nodes);
  useEffect(() => setMany(24), [focus]);

  const { before, touched } = useGrowth(focus, opened.data, opened.reload, view);
  const set = (member ? now?.leaningHalfLife : now?.halfLife) ?? 180;
  const time = whatIf ?? { halfLife: set, days: 0 };
  useEffect(() => setWhatIf(undefined), [member === ""]);

  const nobody = member !== "" && opened.data?.known === false;
  const label = focus ? `${opened.data?.nodes[0]?.name ?? product}${member ? `, member ${member}` : ""}: what is bound to it, as points and lines. The list says the same.` : "All products as points, bindings as lines. The list says the same.";
  return (
    <div class="map">
      <h1 class="unseen">Map</h1>
      <Picture
        world={world} overview={overview.data} opened={nobody ? undefined : opened.data} close={focus === "" || nobody} shown={shown} whatIf={time} hovered={hovered} label={label}
        open={(id, isMember) => (isMember ? undefined : open(id))} hover={() => undefined} ready={(v) => (view.current = v)}
      />
      <aside class="panel" aria-label="What the map shows">
        <div class="panelhead">
          <Picker label="Find a product, or enter a member's id" placeholder="A product, or a member's id" find={find} pick={open} />
        </div>
        <div class="panelbody">
          <Loads of={focus ? opened : overview}>{(a) => (
            <>
              {product && <ProductHead answer={a} />}
              {member && <MemberHead id={member} answer={a} />}
              {!focus && <OverviewHead answer={a} />}
              <Legend member={member !== ""} shown={shown} change={setShown} />
              <TimePanel set={set} value={time} change={setWhatIf} what={member ? "leanings" : "bindings"} />
              {touched > 0 && <p class="touched" role="status"><i />{count(touched, "receipt")} since this was opened {touched === 1 ? "has" : "have"} touched it.</p>}
              {product && <Segments<Order> label="Order" value={order} set={setOrder} of={[["strength", "Strength"], ["refined", "Refined"], ["lift", "Lift"]]} />}
              {product && <Neighbours answer={a} whatIf={time} order={order} before={before} hover={hover} />}
              {member && <Goods answer={a} whatIf={time} hover={hover} />}
              {!focus && <Clusters answer={a} hover={hover} />}
              {focus && many < 200 && a.of > many && (
                <button class="button" type="button" onClick={() => setMany(Math.min(200, many * 2))}>Pull in {Math.min(200, many * 2, a.of) - many} more of {number(a.of)}</button>
              )}
            </>
          )}</Loads>
        </div>
      </aside>
    </div>
  );
}

function OverviewHead({ answer }: { answer: GraphAnswer }) {
  return (
    <header>
      <h2>What is bought together</h2>
      <p class="muted">The {number(answer.nodes.length)} strongest of {count(answer.of, "product")}. Near each other is what is bound. Open one to see what goes with it.</p>
    </header>
  );
}

function ProductHead({ answer }: { answer: GraphAnswer }) {
  const node = answer.nodes[0]!;
  return (
    <header>
      <div class="row">
        <a class="button quiet icon" href={href("map")} aria-label="Back to the overview"><Icon name="back" /></a>
        <h2 class="grow">{node.name || node.id}</h2>
      </div>
      <p class="muted num">{[node.category, node.brand].filter(Boolean).join(" · ")}{node.category || node.brand ? " · " : ""}on {count(Math.round(node.support), "receipt")}, the older ones counting less · bound to {count(answer.of, "product")}</p>
      <p><a href={href("products", { id: node.id })}>All about this product</a></p>
    </header>
  );
}

function MemberHead({ id, answer }: { id: string; answer: GraphAnswer }) {
  return (
    <header>
      <div class="row">
        <a class="button quiet icon" href={href("map")} aria-label="Back to the overview"><Icon name="back" /></a>
        <h2 class="grow clip">Member {id}</h2>
      </div>
      {answer.known ? <p class="muted">Drawn among the {answer.nodes.length} strongest of {count(answer.of, "product")} that they lean towards.</p> : <p class="notice">Nothing is held on a member of this id.</p>}
      <p><a href={href("member", { id })}>All about this member</a></p>
    </header>
  );
}

function Legend({ member, shown, change }: { member: boolean; shown: { plain: boolean; refined: boolean }; change: (shown: { plain: boolean; refined: boolean }) => void }) {
  return (
    <fieldset class="lines">
      <legend class="unseen">Lines</legend>
      <label><input type="checkbox" checked={shown.plain} onChange={(e) => change({ ...shown, plain: e.currentTarget.checked })} /><svg viewBox="0 0 34 12" aria-hidden="true"><path d="M2 6h30" stroke="var(--plain)" stroke-width="4" stroke-linecap="round" /></svg>Plain: on one receipt</label>
      <label><input type="checkbox" checked={shown.refined} onChange={(e) => change({ ...shown, refined: e.currentTarget.checked })} /><svg viewBox="0 0 34 12" aria-hidden="true"><path d="M2 10C10 1 24 1 32 10" fill="none" stroke="var(--refined)" stroke-width="3" stroke-linecap="round" /></svg>Refined: for whole baskets</label>
      {member && <span class="key"><svg viewBox="0 0 34 12" aria-hidden="true"><path d="M2 6h30" stroke="var(--member)" stroke-width="4" stroke-linecap="round" /></svg>The member's leaning</span>}
    </fieldset>
  );
}

/**
 * Follows the live tail: a receipt lights up the lines that it has touched, and
 * what is opened is asked for again soon after, so that the lines grow by what
 * the engine has made of it.
 */
function useGrowth(focus: string, answer: GraphAnswer | undefined, reload: () => void, view: { current?: View }) {
  const [touched, setTouched] = useState(0);
  const before = useMemo(() => new Map<string, number>(), [focus]);
  const latest = useRef({ answer, reload });
  latest.current = { answer, reload };
  if (answer && before.size === 0) for (const s of spokes(answer)) before.set(s.id, s.edge.support ?? 0);

  useEffect(() => {
    setTouched(0);
    let timer = 0;
    const end = listen(({ event }) => {
      if (event?.type !== "receipt" || !event.products || document.hidden) return;
      const centre = latest.current.answer?.nodes[0]?.id;
      view.current?.flash(event.products);
      // Events name no member, so what is drawn of one is not asked for again.
      if (!focus.startsWith("product") || !centre || event.products.length < 2 || !event.products.includes(centre)) return;
      setTouched((n) => n + 1);
      if (!timer) timer = window.setTimeout(() => { timer = 0; latest.current.reload(); }, 2500);
    });
    return () => (end(), clearTimeout(timer));
  }, [focus]);
  return { before, touched };
}
