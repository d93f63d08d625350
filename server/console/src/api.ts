/** An error as the server says it: RFC 9457. */
export type Problem = { type: string; title: string; status: number; detail?: string; errors?: { pointer: string; detail: string }[] };

export class ApiError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail || problem.title);
  }
}

type Value = string | number | boolean | undefined | string[];
export type Query = Record<string, Value>;

/** The path of a resource: ids may hold anything. */
export function path(...parts: string[]): string {
  return "/v1/" + parts.map(encodeURIComponent).join("/");
}

async function answer<T>(response: Response): Promise<T> {
  const text = await response.text();
  let body: unknown;
  try {
    body = text ? JSON.parse(text) : {};
  } catch {
    body = undefined;
  }
  if (response.ok && body !== undefined) return body as T;
  const said = (body ?? {}) as Partial<Problem>;
  throw new ApiError({ type: said.type ?? "", title: said.title ?? response.statusText, status: response.status, detail: said.detail, errors: said.errors });
}

/** Asks the public API. What is undefined or empty in the query is left out. */
export async function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (Array.isArray(value)) value.forEach((v) => search.append(name, v));
    else if (value !== undefined && value !== "") search.set(name, String(value));
  }
  const text = search.toString();
  return answer<T>(await fetch(text ? `${path}?${text}` : path, { signal, headers: { Accept: "application/json" } }));
}

/** Sends a body as JSON. */
export async function send<T>(method: "POST" | "PUT" | "DELETE", path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  return answer<T>(await fetch(path, { method, signal, headers, body: body === undefined ? undefined : JSON.stringify(body) }));
}

let paths: Promise<Set<string>> | undefined;

/** Whether the server has a path, by its own document. To ask and fail would stand in the browser's console as an error. */
export async function offered(path: string): Promise<boolean> {
  paths ??= fetch("/openapi.json").then(async (r) => new Set(Object.keys(((await r.json()) as { paths: object }).paths)));
  return (await paths).has(path);
}
