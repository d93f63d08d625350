import { get, path } from "../api";
import { when } from "../format";
import { useLoad } from "../load";
import type { Config, Versions } from "../types";
import { Blank, Card, Shown } from "../ui/parts";
import { differences, words } from "./difference";

/** The saved versions, each with what it changed; any can be taken up again. */
export function History({ scenario, version, take }: { scenario: string; version: number; take: (config: Config) => void }) {
  const versions = useLoad(`versions ${scenario} ${version}`, (signal) => get<Versions>(path("scenarios", scenario, "versions"), {}, signal));
  return (
    <Card title="History" flush>
      <Shown of={versions}>{(v) => v.versions.length === 0 ? <Blank>It was never changed.</Blank> : (
        <ol class="versions">
          {v.versions.map((one, i) => {
            const before = v.versions[i + 1];
            const changes = before ? differences(before.config, one.config) : [];
            return (
              <li key={one.version}>
                <strong class="num">{one.version ? `Version ${one.version}` : "As built in"}</strong>
                <span class="small muted grow">{when(one.time)}</span>
                {one.current ? <span class="chip good">current</span> : <button class="button" type="button" onClick={() => take(one.config)}>Take up again</button>}
                {changes.length > 0 && <p class="diff">{changes.slice(0, 6).map(words).join("; ")}{changes.length > 6 && ` and ${changes.length - 6} more`}</p>}
              </li>
            );
          })}
        </ol>
      )}</Shown>
    </Card>
  );
}
