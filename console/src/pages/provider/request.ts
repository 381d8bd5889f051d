import type { ClientRequest } from "../../api/tenants";

/** What a request does, without the way to the tenant's service: `PATCH /Users/1`. */
export function operationOf({ method, target = "" }: ClientRequest): string {
  const path = (target ?? "").replace(/^.*?\/scim(?:\/v2)?(?=\/|\?|$)/, "");
  return `${method} ${path || "/"}`;
}

/** A duration for people, who want to know whether it was long. */
export function durationOf({ durationMs }: ClientRequest): string {
  const milliseconds = Number(durationMs ?? 0);
  return milliseconds < 1000 ? `${milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

/** How an answer is to be seen. */
export function gradeOf({ status }: ClientRequest): "success" | "warning" | "danger" {
  return status < 400 ? "success" : status < 500 ? "warning" : "danger";
}

/** A key for a request: there is no id, and several may come at a time. */
export function keysOf(requests: ClientRequest[]): string[] {
  const met = new Map<string, number>();
  return requests.map(({ at, method, target }) => {
    const key = `${at} ${method} ${target}`;
    const times = (met.get(key) ?? 0) + 1;
    met.set(key, times);
    return `${key} ${times}`;
  });
}
