import { useEffect, useState } from "preact/hooks";
import { get, path, send } from "../api";
import { count } from "../format";
import { useLoad } from "../load";
import { go, href, place } from "../router";
import { Editor } from "../scenario/editor";
import { differences, same } from "../scenario/difference";
import { History } from "../scenario/history";
import { PreviewPanel } from "../scenario/preview";
import type { Config, Scenario, Scenarios } from "../types";
import { Card, Shown, Trouble } from "../ui/parts";

export default function ScenariosPage() {
  const id = place.value.query.get("id") ?? "";
  const all = useLoad("scenarios", (signal) => get<Scenarios>("/v1/scenarios", {}, signal));
  const list = all.data?.scenarios ?? [];
  const one = list.find((s) => s.id === id);
  return (
    <div class="page">
      <header>
        <div><h1>{id || "Scenarios"}</h1><p>How lists are made, by the place where they are shown. A change is tried on members before it is saved, and each saved one can be taken back.</p></div>
        {list.length > 0 && (
          <div class="searchline">
            <select class="input" aria-label="Scenario" value={id} onChange={(e) => go("scenarios", { id: e.currentTarget.value })}>
              <option value="">All scenarios</option>
              {list.map((s) => <option key={s.id} value={s.id}>{s.id}</option>)}
            </select>
          </div>
        )}
      </header>
      <Shown of={all}>{() => (id === "" ? <List list={list} /> : one ? <Workshop key={`${one.id} ${one.version}`} saved={one} changed={all.reload} /> : <p class="notice">No scenario of this name is set: questions that name it are answered as if they named none.</p>)}</Shown>
    </div>
  );
}

function List({ list }: { list: Scenario[] }) {
  return (
    <Card flush label="All scenarios">
      <div class="scroll" tabIndex={0} role="region" aria-label="All scenarios">
        <table>
          <thead><tr><th scope="col">Scenario</th><th scope="col">Shows</th><th scope="col" class="right wide">Items</th><th scope="col" class="right wide">Diversity</th><th scope="col" class="right wide">Rotation</th><th scope="col" class="wide">Caps</th><th scope="col" class="right">Version</th></tr></thead>
          <tbody>
            {list.map((s) => (
              <tr key={s.id} class="pick" onClick={(e) => !(e.target as Element).closest("a") && go("scenarios", { id: s.id })}>
                <td><a href={href("scenarios", { id: s.id })}>{s.id}</a> {!s.config.enabled && <span class="chip bad">off</span>}</td><td>{s.config.logic}</td><td class="right num wide">{s.config.count}</td>
                <td class="right num wide">{s.config.diversity}</td><td class="right num wide">{s.config.rotationRate}</td>
                <td class="muted wide">{[s.config.maxPerCategory && `${s.config.maxPerCategory} of a category`, s.config.maxPerFunder && `${s.config.maxPerFunder} of a funder`].filter(Boolean).join(", ") || "none"}</td>
                <td class="right num">{s.version || "built in"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

/** Where one scenario is changed: the draft on the left, what it would do on the right. */
function Workshop({ saved, changed }: { saved: Scenario; changed: () => void }) {
  const [draft, setDraft] = useState<Config>(saved.config);
  const [past, setPast] = useState<Config[]>([]);
  const [future, setFuture] = useState<Config[]>([]);
  const [error, setError] = useState<Error>();
  const [saving, setSaving] = useState(false);
  const [done, setDone] = useState("");
  const dirty = !same(draft, saved.config);

  const edit = (next: Config) => {
    setPast((p) => [...p, draft].slice(-100));
    setFuture([]);
    setDraft(next);
    setDone("");
  };
  const undo = () => {
    const before = past.at(-1);
    if (!before) return;
    setPast(past.slice(0, -1));
    setFuture([draft, ...future]);
    setDraft(before);
  };
  const redo = () => {
    const [next, ...rest] = future;
    if (!next) return;
    setFuture(rest);
    setPast([...past, draft]);
    setDraft(next);
  };
  const save = async () => {
    setSaving(true);
    setError(undefined);
    try {
      const now = await send<Scenario>("PUT", path("scenarios", saved.id), draft);
      setDone(`Saved as version ${now.version}.`);
      changed();
    } catch (e) {
      setError(e as Error);
    }
    setSaving(false);
  };
  useWarning(dirty);

  return (
    <div class="grid">
      <div class="w5 stack">
        <Card title="Weights and constraints" more={saved.version ? `version ${saved.version}` : "built in"}>
          <Editor config={draft} saved={saved.config} change={edit} />
          {error && <Trouble error={error} />}
          <p class="small good" role="status">{done}</p>
          <div class="saving">
            <button class="button main" type="button" disabled={!dirty || saving} onClick={() => void save()}>{dirty ? `Save ${count(differences(saved.config, draft).length, "change")}` : "Nothing to save"}</button>
            <button class="button" type="button" disabled={past.length === 0} onClick={undo}>Undo</button>
            <button class="button" type="button" disabled={future.length === 0} onClick={redo}>Redo</button>
            <button class="button quiet" type="button" disabled={!dirty} onClick={() => edit(saved.config)}>As saved</button>
          </div>
        </Card>
        <History scenario={saved.id} version={saved.version} take={edit} />
      </div>
      <div class="w7 follows"><PreviewPanel scenario={saved.id} config={draft} dirty={dirty} /></div>
    </div>
  );
}

/** A page that is left with a draft asks first. */
function useWarning(dirty: boolean): void {
  useEffect(() => {
    if (!dirty) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, [dirty]);
}
