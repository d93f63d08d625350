import { useEffect, useState } from "preact/hooks";
import { get, offered, path } from "../api";
import { learn, known, recentMembers, rememberMember } from "../data/find";
import { count, date, day, number, percent, price, when } from "../format";
import { useLoad } from "../load";
import { go, href, place } from "../router";
import type { Affinity, Consent, Dropped, Export, OfferAnswer, Scenarios, SendPlan } from "../types";
import { longest, OfferName, PartsBar, rules } from "../ui/offer";
import { Blank, Card, Figure, Segments, Shown, Track } from "../ui/parts";
import { Picker } from "../ui/picker";

export default function MemberPage() {
  const id = place.value.query.get("id") ?? "";
  const held = useLoad(id && `member ${id}`, (signal) => get<Export>(path("members", id, "export"), {}, signal));
  const exists = held.data?.known === true;
  useEffect(() => void (exists && rememberMember(id)), [id, exists]);
  if (held.data) learn(held.data.products);
  return (
    <div class="page">
      <header>
        <div>
          <h1>{id ? `Member ${id}` : "Members"}</h1>
          <p>{id ? <Written of={held.data} /> : "What is known about one member, what is chosen for them, and why."}</p>
        </div>
        <div class="searchline">
          <Picker label="A member's id" placeholder="A member's id" free pick={(m) => go("member", { id: m })} find={async (text) => recentMembers().filter((m) => m.includes(text)).map((m) => ({ id: m, text: m, note: "looked at before" }))} />
        </div>
      </header>
      {!id && <Start />}
      {id && <Shown of={held}>{(e) => e.known ? <Known id={id} e={e} /> : <p class="notice">Nothing is held on a member of this id. They would see what is popular.</p>}</Shown>}
    </div>
  );
}

function Start() {
  const recent = recentMembers();
  const leaning = useLoad("some members", async (signal) => {
    const top = await get<{ products: { id: string; name?: string }[] }>("/v1/products", { count: 1 }, signal);
    const product = top.products[0];
    if (!product) return { name: "", members: [] };
    const found = await get<{ members: { member: string }[] }>(path("products", product.id, "members"), { count: 12 }, signal);
    return { name: product.name ?? product.id, members: found.members };
  });
  return (
    <Card title="Whom to look at">
      <div class="stack">
        {recent.length > 0 && <div class="people"><span class="label">Looked at before</span>{recent.map((m) => <a key={m} class="chip" href={href("member", { id: m })}>{m}</a>)}</div>}
        <Shown of={leaning}>{(l) => l.members.length > 0 ? (
          <div class="people"><span class="label">Who leans most towards {l.name}</span>{l.members.map((m) => <a key={m.member} class="chip" href={href("member", { id: m.member })}>{m.member}</a>)}</div>
        ) : <Blank>No member is known yet.</Blank>}</Shown>
      </div>
    </Card>
  );
}

function Written({ of }: { of?: Export }) {
  const m = of?.member;
  if (!m) return <>&nbsp;</>;
  const said = Object.entries(m.attributes ?? {}).map(([k, v]) => `${k}: ${String(v)}`);
  return <>{[m.homeStore && `home store ${m.homeStore}`, m.chains?.length && m.chains.join(", "), m.timezone, ...said].filter(Boolean).join(" · ")}</>;
}

function Known({ id, e }: { id: string; e: Export }) {
  return (
    <>
      <dl class="figures">
        <Figure name="Receipts" value={number(e.visits)} note={e.visits >= 255 ? "or more" : "counted"} />
        <Figure name="Products" value={number(e.products.length)} note="they are bound to" />
        <Figure name="Stores and chains" value={number(e.places.length)} />
        <Figure name="Offers activated" value={number(e.activations.length)} note={count(e.activations.filter((a) => a.open).length, "is", "are") + " open"} />
        <Figure name="Offers shown" value={number(e.shown.length)} note="of the latest 64" />
      </dl>
      <div class="grid">
        <div class="w7 stack"><Offers id={id} /></div>
        <div class="w5 stack">
          <Leanings id={id} e={e} />
          <Plan id={id} />
          <Consents list={e.consents} />
          <Activations e={e} />
        </div>
      </div>
    </>
  );
}

function Offers({ id }: { id: string }) {
  const [scenario, setScenario] = useState("");
  const scenarios = useLoad("scenarios", (signal) => get<Scenarios>("/v1/scenarios", {}, signal));
  const answer = useLoad(`offers ${id} ${scenario}`, (signal) => get<OfferAnswer>(path("members", id, "offers"), { explain: true, count: 12, scenario }, signal));
  const choose = (
    <select class="input" aria-label="Scenario" value={scenario} onChange={(e) => setScenario(e.currentTarget.value)}>
      <option value="">As built in</option>
      {(scenarios.data?.scenarios ?? []).filter((s) => s.config.logic === "offers").map((s) => <option key={s.id} value={s.id}>{s.id}</option>)}
    </select>
  );
  return (
    <>
      <Card title="Offers, and why" more={choose} flush>
        <Shown of={answer}>{(a) => a.recomms.length === 0 ? <Blank>No offer suits this member here and now.</Blank> : <OfferList a={a} />}</Shown>
      </Card>
      {answer.data && <LeftOut dropped={answer.data.dropped ?? []} candidates={answer.data.candidates} />}
    </>
  );
}

function OfferList({ a }: { a: OfferAnswer }) {
  const most = longest(a.recomms);
  return (
    <>
      <p class="muted small lead">{a.personalised ? `The best ${a.recomms.length} of ${a.candidates} that may be offered. Each length is one part of the score.` : "Not personalised: what is popular."} {count(a.activationsLeft, "activation")} left.</p>
      <ol class="offers">
        {a.recomms.map((r) => (
          <li key={r.id}>
            <span class="rank num">{r.rank}</span>
            <div>
              <div class="line"><span class="clip"><OfferName id={r.id} name={r.values.name} /></span>{r.values.memberPrice !== undefined && <span class="small muted nowrap">{price(r.values.memberPrice, r.values.currency)}</span>}<strong class="num">{number(r.score, 3)}</strong></div>
              <PartsBar parts={r.parts} most={most} />
              <p class="why">{r.explanation ?? r.reason.join("; ")}</p>
              {r.evidence && (
                <details>
                  <summary>{count(r.evidence.length, "binding")} behind it</summary>
                  <div class="scroll" tabIndex={0} role="region" aria-label={`Evidence for ${r.values.name ?? r.id}`}>
                    <table>
                      <thead><tr><th scope="col">Binding</th><th scope="col">From</th><th scope="col" class="right">Weight</th><th scope="col" class="right">Share</th></tr></thead>
                      <tbody>{[...r.evidence].sort((x, y) => y.share - x.share).map((v, i) => <tr key={i}><td>{v.edge}</td><td>{v.from ? known(v.from) : ""}</td><td class="right num">{number(v.weight, 3)}</td><td class="right num">{number(v.share, 3)}</td></tr>)}</tbody>
                    </table>
                  </div>
                </details>
              )}
            </div>
          </li>
        ))}
      </ol>
    </>
  );
}

/** What was left out, by the rule that did it. */
function LeftOut({ dropped, candidates }: { dropped: Dropped[]; candidates: number }) {
  const byRule = new Map<string, string[]>();
  for (const d of dropped) byRule.set(d.rule, [...(byRule.get(d.rule) ?? []), d.id]);
  const list = [...byRule].sort((a, b) => b[1].length - a[1].length);
  return (
    <Card title="Left out, and why" more={`${count(dropped.length, "offer")}; ${number(candidates)} were candidates`} flush>
      {list.length === 0 ? <Blank>Nothing was left out.</Blank> : (
        <ul class="rules">
          {list.map(([rule, ids]) => (
            <li key={rule}>
              <details>
                <summary><span>{rules[rule] ?? rule}</span><span class="num">{ids.length}</span></summary>
                <ul>{ids.slice(0, 80).map((o) => <li key={o}><a class="chip" href={href("offers", { id: o })}>{o}</a></li>)}{ids.length > 80 && <li class="muted small">and {ids.length - 80} more</li>}</ul>
              </details>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

type Kind = "products" | "categories" | "brands" | "stores";

function Leanings({ id, e }: { id: string; e: Export }) {
  const [kind, setKind] = useState<Kind>("products");
  const list: Affinity[] = kind === "stores" ? [...e.affinities.chains, ...e.affinities.stores] : e.affinities[kind];
  const most = Math.max(1e-9, ...list.map((a) => a.score));
  const held = new Map(e.products.map((p) => [p.id, p]));
  return (
    <Card title="Leans towards" more={<a href={href("map", { member: id })}>On the map</a>}>
      <Segments<Kind> label="What" value={kind} set={setKind} of={[["products", "Products"], ["categories", "Categories"], ["brands", "Brands"], ["stores", "Places"]]} />
      <ol class="bars">
        {list.slice(0, 10).map((a) => {
          const h = kind === "products" ? held.get(a.id) : undefined;
          return (
            <li key={a.id}>
              <div class="line"><span class="clip">{kind === "products" ? <a href={href("products", { id: a.id })}>{a.name || a.id}</a> : a.name || a.id}</span><span class="num small">{percent(a.score, 1)}</span></div>
              <Track kind="member" share={a.score / most} />
              {h && <p class="small muted num">bought {h.count} {h.count === 1 ? "time" : "times"}{h.every ? `, every ${number(h.every, 0)} days` : ""} · last {day(h.last)}</p>}
            </li>
          );
        })}
      </ol>
      {list.length === 0 && <Blank>Nothing yet.</Blank>}
    </Card>
  );
}

const weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/** When and where a message would reach the member, where this engine says so. */
function Plan({ id }: { id: string }) {
  const plan = useLoad(`plan ${id}`, async (signal) => ((await offered("/v1/members/{id}/send-plan")) ? get<SendPlan>(path("members", id, "send-plan"), {}, signal) : null));
  if (!plan.data) return null;
  const p = plan.data;
  const weekday = typeof p.weekday === "number" ? weekdays[p.weekday] : p.weekday;
  return (
    <Card title="When to write">
      <p><strong>{[weekday, p.hour !== undefined && `${String(p.hour).padStart(2, "0")}:00`].filter(Boolean).join(" ")}</strong> {p.timezone} {p.channel && <span class="chip">{p.channel}</span>}</p>
      {p.confidence !== undefined && <p class="small muted num">confidence {percent(p.confidence)}</p>}
      {p.basis?.length ? <ul class="small muted">{p.basis.map((b) => <li key={b}>{b}</li>)}</ul> : null}
    </Card>
  );
}

function Consents({ list }: { list: Consent[] }) {
  return (
    <Card title="Consents" flush>
      {list.length === 0 ? <Blank>The member has said nothing. Personalised until they object; no message without a grant.</Blank> : (
        <table>
          <tbody>
            {list.map((c, i) => (
              <tr key={i}><th scope="row">{c.purpose}{c.channel ? `, ${c.channel}` : ""}{c.chain ? `, ${c.chain}` : ""}</th><td><span class={`chip ${c.granted ? "good" : "bad"}`}>{c.granted ? "granted" : "withdrawn"}</span></td><td class="right small muted nowrap">{date(c.time)}</td></tr>
            ))}
          </tbody>
        </table>
      )}
    </Card>
  );
}

function Activations({ e }: { e: Export }) {
  if (e.activations.length === 0) return null;
  return (
    <Card title="Activated and redeemed" flush>
      <div class="scroll" tabIndex={0} role="region" aria-label="Activated and redeemed">
        <table>
          <tbody>
            {[...e.activations].sort((a, b) => (b.time ?? "").localeCompare(a.time ?? "")).slice(0, 12).map((a) => (
              <tr key={a.offer}><td><a href={href("offers", { id: a.offer })}>{a.name || a.offer}</a></td><td><span class={`chip ${a.open ? "good" : ""}`}>{a.open ? "open" : a.redemptions ? "redeemed" : "over"}</span></td><td class="right small muted nowrap">{when(a.time)}</td></tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}
