import type { ComponentChildren } from "preact";
import { ApiError } from "../api";
import type { Loaded } from "../load";

/** What could not be done, in the server's own words. */
export function Trouble({ error }: { error: Error }) {
  const problem = error instanceof ApiError ? error.problem : undefined;
  return (
    <div class="notice bad" role="alert">
      {problem ? problem.detail || problem.title : `The server did not answer: ${error.message}`}
      {problem?.errors?.length ? (
        <ul>
          {problem.errors.map((e) => <li key={e.pointer}><code>{e.pointer || "/"}</code> {e.detail}</li>)}
        </ul>
      ) : null}
    </div>
  );
}

/** Shows what was loaded, or that it is on its way, or why it is not there. */
export function Shown<T>({ of, children }: { of: Loaded<T>; children: (data: T) => ComponentChildren }) {
  return (
    <>
      {of.error && <Trouble error={of.error} />}
      {of.data !== undefined ? children(of.data) : !of.error && of.loading ? <p class="waiting" role="status">Loading</p> : null}
    </>
  );
}

export function Card(p: { title?: ComponentChildren; more?: ComponentChildren; class?: string; flush?: boolean; children: ComponentChildren; label?: string }) {
  return (
    <section class={`card ${p.flush ? "flush" : ""} ${p.class ?? ""}`} aria-label={p.label}>
      {p.title && (
        <header>
          <h2>{p.title}</h2>
          {p.more && <span class="more">{p.more}</span>}
        </header>
      )}
      {p.children}
    </section>
  );
}

/** A length from 0 to 1; the number itself stands beside it as text. */
export function Track({ share, kind = "" }: { share: number; kind?: string }) {
  return <span class={`track ${kind}`} aria-hidden="true"><i style={{ width: `${Math.max(0, Math.min(1, share || 0)) * 100}%` }} /></span>;
}

export function Figure(p: { name: string; value: ComponentChildren; unit?: string; note?: ComponentChildren }) {
  return (
    <div class="figure">
      <dt>{p.name}</dt>
      <dd class="num">{p.value}{p.unit && <small>{p.unit}</small>}</dd>
      {p.note && <dd class="note">{p.note}</dd>}
    </div>
  );
}

export const Blank = ({ children }: { children: ComponentChildren }) => <p class="blank">{children}</p>;

/** One choice of a few. */
export function Segments<T extends string>(p: { label: string; value: T; of: readonly (readonly [T, string])[]; set: (value: T) => void }) {
  return (
    <div class="segments" role="group" aria-label={p.label}>
      {p.of.map(([value, text]) => (
        <button key={value} type="button" aria-pressed={value === p.value} onClick={() => p.set(value)}>{text}</button>
      ))}
    </div>
  );
}
