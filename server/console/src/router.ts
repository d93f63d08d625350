import { signal } from "@preact/signals";

/** The pages of the console, by the path under /console/. */
export const pages = ["map", "member", "products", "offers", "scenarios", "now"] as const;
export type Page = (typeof pages)[number];

/** Where the reader is: the page and the query, such as ?id=m-1. */
export type Place = { page: Page; query: URLSearchParams };

const root = "/console/";

function read(): Place {
  const name = location.pathname.slice(root.length).replace(/\/$/, "");
  const page = pages.find((p) => p === name) ?? "map";
  return { page, query: new URLSearchParams(location.search) };
}

export const place = signal<Place>(read());

addEventListener("popstate", () => (place.value = read()));

type Query = Record<string, string | undefined>;

/** The address of a page; what is undefined or empty is left out. */
export function href(page: Page, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value) search.set(name, value);
  const text = search.toString();
  return root + page + (text ? `?${text}` : "");
}

/** Goes to a page. With replace, the way back does not lead here again. */
export function go(page: Page, query: Query = {}, replace = false): void {
  const url = href(page, query);
  if (url === location.pathname + location.search) return;
  history[replace ? "replaceState" : "pushState"](null, "", url);
  const before = place.value.page;
  place.value = read();
  if (before !== page) scrollTo(0, 0);
}

/** Follows a link inside the page, unless it is to open elsewhere. */
export function follow(event: MouseEvent): void {
  const link = (event.target as Element).closest?.("a");
  if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (link.origin !== location.origin || !link.pathname.startsWith(root) || link.target || link.hash) return;
  event.preventDefault();
  const before = place.value.page;
  history.pushState(null, "", link.href);
  place.value = read();
  if (before !== place.value.page) scrollTo(0, 0);
}
