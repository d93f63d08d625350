import { lazy } from "./ui/lazy";
import { useEffect, useRef } from "preact/hooks";
import icon from "./icon.svg";
import { number } from "./format";
import { live, pace } from "./live";
import { follow, href, place, type Page } from "./router";
import { theme, turn } from "./theme";
import { Icon } from "./ui/icons";

const titles: Record<Page, string> = { map: "Map", member: "Members", products: "Products", offers: "Offers", scenarios: "Scenarios", now: "Now" };

const views = {
  map: lazy(() => import("./pages/map")),
  member: lazy(() => import("./pages/member")),
  products: lazy(() => import("./pages/products")),
  offers: lazy(() => import("./pages/offers")),
  scenarios: lazy(() => import("./pages/scenarios")),
  now: lazy(() => import("./pages/now")),
} satisfies Record<Page, unknown>;

const states = { live: "Live", connecting: "Connecting", away: "Not live" };

export function App() {
  const page = place.value.page;
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => {
    document.title = `${titles[page]} · nabo console`;
    // A reader of the screen hears the new page; the first one it reads anyway.
    if (!first.current) main.current?.focus({ preventScroll: true });
    first.current = false;
  }, [page]);
  const View = views[page];
  return (
    <div class="shell" onClick={follow}>
      <a class="skip" href="#main">Skip to the page</a>
      <header class="bar">
        <a class="brand" href={href("map")} aria-label="nabo console: map"><img src={icon} alt="" width="26" height="26" /><span>nabo</span></a>
        <nav class="tabs" aria-label="Pages">
          {(Object.keys(titles) as Page[]).map((p) => (
            <a key={p} href={href(p)} aria-current={p === page ? "page" : undefined}><Icon name={p} /><span>{titles[p]}</span></a>
          ))}
        </nav>
        <div class="end">
          <span class="pulse" data-state={live.value}>
            <i />{states[live.value]}{live.value === "live" && <span class="num muted">{number(pace.value, 0)}/s</span>}
          </span>
          <button class="button quiet icon" type="button" onClick={turn} aria-label={theme.value === "dark" ? "Light colours" : "Dark colours"}>
            <Icon name={theme.value === "dark" ? "sun" : "moon"} />
          </button>
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        <View key={page} />
      </main>
    </div>
  );
}
