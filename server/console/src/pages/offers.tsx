import { Fragment } from "preact";
import { useState } from "preact/hooks";
import { get, path } from "../api";
import { findOffers, namesOf } from "../data/find";
import { count, date, day, number, price, short } from "../format";
import { useLoad, useSettled } from "../load";
import { go, href, place } from "../router";
import type { Offer, OfferHistory, OfferMembers, Offers } from "../types";
import { Blank, Card, Figure, Segments, Shown, Track } from "../ui/parts";
import { Picker } from "../ui/picker";
import { Plot } from "../ui/plot";

export default function OffersPage() {
  const id = place.value.query.get("id") ?? "";
  return id ? <One key={id} id={id} /> : <All />;
}

const stateChip = (state: string) => <span class={`chip ${state === "active" ? "good" : state === "withdrawn" ? "bad" : ""}`}>{state}</span>;

/** What of the tightest budget is spent, 0 to 1. */
function spent(o: Offer): number | undefined {
  const pairs = [[o.used.activations, o.budget?.activations], [o.used.redemptions, o.budget?.redemptions], [o.used.discount, o.budget?.discount]] as const;
  const shares = pairs.flatMap(([used, of]) => (of ? [used / of] : []));
  return shares.length ? Math.max(...shares) : undefined;
}

function All() {
  const [text, setText] = useState("");
  const [which, setWhich] = useState<"active" | "all">("active");
  const q = useSettled(text.trim(), 150);
  const found = useLoad(`offers ${which} ${q}`, (signal) => get<Offers>("/v1/offers", { q, active: which === "active" ? true : undefined, count: 100 }, signal));
  return (
    <div class="page">
      <header>
        <div><h1>Offers</h1><p>What is on, what it has spent, and where it is shown.</p></div>
        <div class="searchline row">
          <Segments label="Which" value={which} set={setWhich} of={[["active", "Active"], ["all", "All"]] as const} />
          <input class="input" type="search" aria-label="Filter offers" placeholder="Name, product or funder" value={text} onInput={(e) => setText(e.currentTarget.value)} />
        </div>
      </header>
      <Card flush label="Offers">
        <Shown of={found}>{(f) => f.offers.length === 0 ? <Blank>No such offer.</Blank> : (
          <div class="scroll" tabIndex={0} role="region" aria-label="Offers">
            <table>
              <thead><tr><th scope="col">Offer</th><th scope="col" class="right">Member's price</th><th scope="col" class="wide">Until</th><th scope="col" class="right wide">Shown</th><th scope="col" class="right wide">Activated</th><th scope="col" class="right wide">Redeemed</th><th scope="col">Budget</th></tr></thead>
              <tbody>
                {f.offers.map((o) => {
                  const share = spent(o);
                  return (
                    <tr key={o.id} class="pick" onClick={(e) => !(e.target as Element).closest("a") && go("offers", { id: o.id })}>
                      <td><a href={href("offers", { id: o.id })}>{o.name || o.id}</a> {o.state !== "active" && stateChip(o.state)}</td>
                      <td class="right num nowrap">{price(o.memberPrice ?? o.price, o.currency)}</td><td class="nowrap wide">{date(o.validThrough) || "no end"}</td>
                      <td class="right num wide">{short(o.used.shown)}</td><td class="right num wide">{short(o.used.activations)}</td><td class="right num wide">{short(o.used.redemptions)}</td>
                      <td class="withtrack">{share === undefined ? <span class="small muted">none set</span> : <><span class="small num">{number(share * 100, 0)}%</span><Track share={share} kind={share > 0.9 ? "refined" : "accent"} /></>}</td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          </div>
        )}</Shown>
      </Card>
    </div>
  );
}

function One({ id }: { id: string }) {
  const offer = useLoad(`offer ${id}`, (signal) => get<Offer>(path("offers", id), {}, signal), 5000);
  const o = offer.data;
  return (
    <div class="page">
      <header>
        <div>
          <h1>{o?.name || id}</h1>
          <p>{o && <>{stateChip(o.state)} {[o.id, o.validFrom && `from ${date(o.validFrom)}`, o.validThrough ? `until ${date(o.validThrough)}` : "without an end", o.fundedBy && `funded by ${o.fundedBy}`].filter(Boolean).join(" · ")}</>}</p>
        </div>
        <div class="searchline"><Picker label="Another offer" placeholder="Another offer" find={findOffers} pick={(x) => go("offers", { id: x })} /></div>
      </header>
      <Shown of={offer}>{(o) => (
        <>
          <dl class="figures">
            <Figure name="Member's price" value={price(o.memberPrice ?? o.price, o.currency) || "–"} note={o.memberPrice !== undefined && o.price !== undefined ? `instead of ${price(o.price, o.currency)}` : undefined} />
            <Figure name="Shown" value={short(o.used.shown)} note={o.used.shown ? `${number((o.used.activations / o.used.shown) * 100, 1)}% activate` : undefined} />
            <Figure name="Activated" value={short(o.used.activations)} note={o.used.over ? `${number(o.used.over)} beyond a limit` : undefined} />
            <Figure name="Redeemed" value={short(o.used.redemptions)} note={o.used.activations ? `${number((o.used.redemptions / o.used.activations) * 100, 0)}% of the activated` : undefined} />
            <Figure name="Discount given" value={price(o.used.discount, o.currency)} />
          </dl>
          <div class="grid">
            <div class="w7 stack"><History id={id} currency={o.currency} /><Covers o={o} /></div>
            <div class="w5 stack"><Budget o={o} /><Leaning id={id} /><Terms o={o} /></div>
          </div>
        </>
      )}</Shown>
    </div>
  );
}

function History({ id, currency }: { id: string; currency?: string }) {
  const [what, setWhat] = useState<"activations" | "shown" | "discount">("activations");
  const history = useLoad(`history ${id}`, (signal) => get<OfferHistory>(path("offers", id, "history"), {}, signal), 10000);
  return (
    <Shown of={history}>{(h) => {
      const pick = (name: "shown" | "activations" | "redemptions" | "discount") => h.days.map((d) => d[name]);
      const series = what === "shown" ? [{ name: "Shown", values: pick("shown"), colour: "plain", bars: true }]
        : what === "discount" ? [{ name: `Discount ${currency ?? ""}`, values: pick("discount"), colour: "refined", bars: true }]
        : [{ name: "Activated", values: pick("activations"), colour: "accent" }, { name: "Redeemed", values: pick("redemptions"), colour: "member" }];
      const most = h.shownIn[0]?.shown ?? 1;
      return (
        <>
          <Card title="Over time" more={<Segments label="What" value={what} set={setWhat} of={[["activations", "Activations"], ["shown", "Shown"], ["discount", "Discount"]] as const} />}>
            {h.days.length === 0 ? <Blank>Nothing has happened with it yet.</Blank> : <Plot label={`${what} a day`} day times={h.days.map((d) => Date.parse(d.day) / 1000)} series={series} />}
          </Card>
          <Card title="Where it is shown">
            {h.shownIn.length === 0 ? <Blank>Nowhere yet.</Blank> : (
              <ol class="bars tight">
                {h.shownIn.map((s, i) => (
                  <li key={i}><div class="line"><span>{s.other ? "elsewhere" : s.scenario ? <a href={href("scenarios", { id: s.scenario })}>{s.scenario}</a> : "no scenario named"}{s.channel ? <span class="muted"> · {s.channel}</span> : null}</span><span class="num small">{short(s.shown)}</span></div><Track share={s.shown / most} /></li>
                ))}
              </ol>
            )}
          </Card>
        </>
      );
    }}</Shown>
  );
}

function Budget({ o }: { o: Offer }) {
  const rows = ([["Activations", o.used.activations, o.budget?.activations], ["Redemptions", o.used.redemptions, o.budget?.redemptions], ["Discount", o.used.discount, o.budget?.discount]] as const).filter((r) => r[2] !== undefined);
  return (
    <Card title="Budget">
      {rows.length === 0 ? <p class="muted">No budget is set: it may be activated without an end.</p> : (
        <ul class="bars tight">
          {rows.map(([name, used, of]) => <li key={name}><div class="line"><span>{name}</span><span class="num small">{short(used)} of {short(of!)}, {number((100 * used) / of!, 0)}%</span></div><Track share={used / of!} kind={used / of! > 0.9 ? "refined" : "accent"} /></li>)}
        </ul>
      )}
    </Card>
  );
}

function Leaning({ id }: { id: string }) {
  const found = useLoad(`leaning to ${id}`, (signal) => get<OfferMembers>(path("offers", id, "members"), { count: 10 }, signal));
  return (
    <Card title="Who leans towards it" more={found.data && count(found.data.of, "member")}>
      <Shown of={found}>{(l) => l.members.length === 0 ? <Blank>Nobody who is known.</Blank> : (
        <ol class="bars tight">
          {l.members.map((m) => (
            <li key={m.member}><div class="line"><span><a href={href("member", { id: m.member })}>{m.member}</a> {m.activated && <span class="chip good">activated</span>}</span><span class="small muted num">{number(m.weight, 2)} · last {day(m.last)}</span></div><Track kind="member" share={m.weight / l.members[0]!.weight} /></li>
          ))}
        </ol>
      )}</Shown>
    </Card>
  );
}

function Covers({ o }: { o: Offer }) {
  const ids = o.products ?? [];
  const names = useLoad(ids.length ? `names ${o.id}` : "", (signal) => namesOf(ids.slice(0, 40), signal));
  return (
    <Card title="What it covers" more={count(o.covers, "product")}>
      {o.categories?.length ? <p>All of {o.categories.join(", ")}.</p> : null}
      {ids.length > 0 && <ul class="people">{ids.slice(0, 40).map((p) => <li key={p}><a class="chip" href={href("products", { id: p })}>{names.data?.get(p) ?? p}</a></li>)}{ids.length > 40 && <li class="muted small">and {ids.length - 40} more</li>}</ul>}
    </Card>
  );
}

function Terms({ o }: { o: Offer }) {
  const list: [string, string | undefined][] = [
    ["Chains", o.chains?.join(", ") || "all"], ["Stores", o.stores?.join(", ") || "all"], ["Audience", o.audience || "everybody"],
    ["Each member", o.perMember && `${o.perMember.activations ?? "any number of"} activations, ${o.perMember.redemptions ?? "any number of"} redemptions`],
    ["Priority", o.priority !== undefined ? number(o.priority) : undefined], ["Margin", o.margin !== undefined ? number(o.margin) : undefined],
  ];
  return <Card title="Terms"><dl class="facts">{list.filter(([, v]) => v).map(([k, v]) => <Fragment key={k}><dt>{k}</dt><dd>{k === "Audience" && o.audience ? <code>{v}</code> : v}</dd></Fragment>)}</dl></Card>;
}
