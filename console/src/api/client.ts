import createClient from "openapi-fetch";

import { errorOf, Unreachable } from "./errors";
import type { paths } from "./schema";

/** What the client tells the rest of the console, and what it needs to know from it. */
export const wire = {
  csrfToken: undefined as string | undefined,
  /** A call found that nobody is signed in any more. */
  onSessionEnded: () => {},
  onReachable: (() => {}) as (reachable: boolean) => void,
};

async function send(request: Request): Promise<Response> {
  if (wire.csrfToken && request.method !== "GET") request.headers.set("X-CSRF-Token", wire.csrfToken);
  let response: Response;
  try {
    response = await fetch(request);
  } catch (error) {
    if (request.signal.aborted) throw error;
    wire.onReachable(false);
    throw new Unreachable();
  }
  // A proxy says so for a server that is gone.
  if (response.status === 502 || response.status === 504) {
    wire.onReachable(false);
    throw new Unreachable();
  }
  wire.onReachable(true);
  if (response.status === 401 && response.headers.get("Content-Type")?.includes("json") && !isSignIn(request)) {
    wire.onSessionEnded();
  }
  return response;
}

function isSignIn(request: Request): boolean {
  return new URL(request.url).pathname === "/provost/v1/session";
}

/** The calls of the API, typed by its OpenAPI document. */
export const api = createClient<paths>({ baseUrl: "", fetch: send });

/** What a call answers; throws {@link ApiError} where it is refused. */
export async function answer<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await call;
  if (!response.ok) throw errorOf(response, error);
  return data as T;
}

/** One page of a list. */
export interface Page<T> {
  value: T[];
  "@odata.nextLink"?: string;
  "@odata.count"?: number;
}

/** A call by its path, for what the typed client has no words for: a body that is a file, an answer that is a stream. */
export async function raw(path: string, options: RequestInit): Promise<Response> {
  const response = await send(new Request(new URL(path, location.origin), options));
  if (!response.ok) throw errorOf(response, await response.json().catch(() => undefined));
  return response;
}

/** Who reads on wants many: pages after the first have as many entries. */
const MANY = 500;

/** The page that a link leads to. The link is absolute, and may name another host than the browser knows. */
export async function follow<T>(link: string, signal?: AbortSignal): Promise<Page<T>> {
  const { pathname, search } = new URL(link, location.origin);
  const larger = search.replace(/(\$|%24)top=\d+/i, `$1top=${MANY}`);
  const response = await send(new Request(new URL(pathname + larger, location.origin), { signal }));
  const body: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw errorOf(response, body);
  return body as Page<T>;
}
