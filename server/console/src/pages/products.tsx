import { useState } from "preact/hooks";
import { get, path } from "../api";
import { findProducts, learn } from "../data/find";
import { count, day, number, price, short } from "../format";
import { useLoad, useSettled } from "../load";
import { Neighbours, type Order } from "../map/lists";
import { go, href, place } from "../router";
import type { Answer, GraphAnswer, Leanings, Offers, Product, Products, Sales } from "../types";
import { Blank, Card, Figure, Segments, Shown, Track } from "../ui/parts";
import { Picker } from "../ui/picker";
import { Plot } from "../ui/plot";

export default function ProductsPage() {
  const id = place.value.query.get("id") ?? "";
  return id ? <One key={id} id={id} /> : <All />;
}

function All() {
  const [text, setText] = useState(place.value.query.get("q") ?? "");
  const q = useSettled(text.trim(), 150);
  const found = useLoad(`products ${q}`, (signal) => get<Products>("/v1/products", { q, count: 60 }, signal));
  const trending = useLoad("trending", (signal) => get<Answer>("/v1/trending", { count: 8, window: "1d" }, signal), 15000);
  const most = found.data?.products[0]?.support ?? 1;
  if (found.data) learn(found.data.products);
  return (
    <div class="page">
      <header>
        <div><h1>Products</h1><p>What each is bound to, how it sells, and who leans towards it.</p></div>
        <div class="searchline"><input class="input" type="search" aria-label="Filter products" placeholder="Name, brand, category or id" value={text} onInput={(e) => setText(e.currentTarget.value)} /></div>
      </header>
      <div class="grid">
        <Card title={q ? "Found" : "Most bought"} more={found.data && count(found.data.of, "product")} flush class="w8">
          <Shown of={found}>{(f) => f.products.length === 0 ? <Blank>Nothing of that name.</Blank> : (
            <div class="scroll" tabIndex={0} role="region" aria-label="Products">
              <table>
                <thead><tr><th scope="col">Product</th><th scope="col" class="wide">Category</th><th scope="col" class="right">Price</th><th scope="col" class="right">Receipts</th></tr></thead>
                <tbody>
                  {f.products.map((p) => (
                    <tr key={p.id} class="pick" onClick={(e) => !(e.target as Element).closest("a") && go("products", { id: p.id })}>
                      <td><a href={href("products", { id: p.id })}>{p.name || p.id}</a></td><td class="muted wide">{p.category}</td><td class="right num nowrap">{price(p.price, p.currency)}</td>
                      <td class="right num withtrack">{short(p.support)}<Track share={p.support / most} /></td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}</Shown>
        </Card>
        <Card title="Sells more than usual" more="today" class="w4">
          <Shown of={trending}>{(t) => t.recomms.length === 0 ? <Blank>Nothing stands out.</Blank> : (
            <ol class="bars">
              {t.recomms.map((r) => <li key={r.id}><div class="line"><a class="clip" href={href("products", { id: r.id })}>{r.values.name || r.id}</a></div><p class="small muted">{r.reason.join("; ")}</p></li>)}
            </ol>
          )}</Shown>
        </Card>
      </div>
    </div>
  );
}

function One({ id }: { id: string }) {
  const product = useLoad(`product ${id}`, (signal) => get<Product>(path("products", id), {}, signal));
  const p = product.data;
  const v = p?.values ?? {};
  return (
    <div class="page">
      <header>
        <div>
          <h1>{v.name || id}</h1>
          <p>{[id, v.category, v.brand, price(v.price, v.currency)].filter(Boolean).join(" · ")}{p && !p.known && " · not in the catalogue, only on receipts"}</p>
        </div>
        <div class="searchline"><Picker label="Another product" placeholder="Another product" find={findProducts} pick={(x) => go("products", { id: x })} /></div>
      </header>
      <Shown of={product}>{() => (
        <div class="grid">
          <div class="w7 stack"><SalesCard id={id} /><OffersWith id={id} /><Similar id={id} /></div>
          <div class="w5 stack"><Bindings id={id} /><Members id={id} /></div>
        </div>
      )}</Shown>
    </div>
  );
}

function SalesCard({ id }: { id: string }) {
  const [by, setBy] = useState<"days" | "hours">("days");
  const sales = useLoad(`sales ${id}`, (signal) => get<Sales>(path("products", id, "sales"), {}, signal), 10000);
  return (
    <Shown of={sales}>{(s) => {
      const list = by === "days" ? s.days.map((d) => ({ at: Date.parse(d.day) / 1000, sales: d.sales })) : s.hours.map((h) => ({ at: Date.parse(h.start) / 1000, sales: h.sales }));
      const usual = s.windows.month / 28;
      return (
        <>
          <dl class="figures">
            <Figure name="Last hour" value={number(s.windows.hour, 1)} note="receipts" />
            <Figure name="Last day" value={number(s.windows.day, 1)} note={usual > 0 ? `${number(s.windows.day / usual, 1)} times the usual` : "receipts"} />
            <Figure name="Last week" value={number(s.windows.week, 0)} note="receipts" />
            <Figure name="Last 28 days" value={number(s.windows.month, 0)} note={`${number(usual, 1)} a day`} />
          </dl>
          <Card title="Sales" more={<Segments label="By" value={by} set={setBy} of={[["days", "35 days"], ["hours", "48 hours"]] as const} />}>
            <Plot label="Sales over time" day={by === "days"} times={list.map((x) => x.at)} series={[{ name: "Receipts", values: list.map((x) => x.sales), colour: "accent", bars: true }]} />
          </Card>
        </>
      );
    }}</Shown>
  );
}

function Bindings({ id }: { id: string }) {
  const [order, setOrder] = useState<Order>("strength");
  const graph = useLoad(`graph ${id}`, (signal) => get<GraphAnswer>("/v1/graph", { product: id, count: 12 }, signal));
  return (
    <Card title="Bought together" more={<a href={href("map", { product: id })}>On the map</a>}>
      <Shown of={graph}>{(g) => g.nodes.length < 2 ? <Blank>Bound to nothing yet.</Blank> : (
        <>
          <Segments<Order> label="Order" value={order} set={setOrder} of={[["strength", "Strength"], ["refined", "Refined"], ["lift", "Lift"]]} />
          <Neighbours answer={g} whatIf={{ halfLife: g.halfLife, days: 0 }} order={order} before={new Map()} hover={() => undefined} page="products" />
        </>
      )}</Shown>
    </Card>
  );
}

function Members({ id }: { id: string }) {
  const leaning = useLoad(`leaning ${id}`, (signal) => get<Leanings>(path("products", id, "members"), { count: 12 }, signal));
  return (
    <Card title="Who leans towards it">
      <Shown of={leaning}>{(l) => l.members.length === 0 ? <Blank>Nobody who is known.</Blank> : (
        <ol class="bars tight">
          {l.members.map((m) => (
            <li key={m.member}><div class="line"><a href={href("member", { id: m.member })}>{m.member}</a><span class="small muted num">{number(m.weight, 2)} · last {day(m.last)}</span></div><Track kind="member" share={m.weight / l.members[0]!.weight} /></li>
          ))}
        </ol>
      )}</Shown>
    </Card>
  );
}

function OffersWith({ id }: { id: string }) {
  const offers = useLoad(`offers with ${id}`, (signal) => get<Offers>("/v1/offers", { q: id, count: 20 }, signal));
  const list = (offers.data?.offers ?? []).filter((o) => o.products?.includes(id));
  if (!list.length) return null;
  return (
    <Card title="Offers on it" flush>
      <table><tbody>{list.map((o) => <tr key={o.id}><td><a href={href("offers", { id: o.id })}>{o.name || o.id}</a></td><td class="right num nowrap">{price(o.memberPrice ?? o.price, o.currency)}</td><td class="right"><span class={`chip ${o.state === "active" ? "good" : ""}`}>{o.state}</span></td></tr>)}</tbody></table>
    </Card>
  );
}

function Similar({ id }: { id: string }) {
  const similar = useLoad(`similar ${id}`, (signal) => get<Answer>(path("products", id, "similar"), { count: 6 }, signal));
  return (
    <Card title="What could stand in for it">
      <Shown of={similar}>{(a) => a.recomms.length === 0 ? <Blank>Nothing like it.</Blank> : (
        <ol class="bars tight">{a.recomms.map((r) => <li key={r.id}><div class="line"><a class="clip" href={href("products", { id: r.id })}>{r.values.name || r.id}</a><span class="small muted num nowrap">{price(r.values.price, r.values.currency)}</span></div></li>)}</ol>
      )}</Shown>
    </Card>
  );
}
