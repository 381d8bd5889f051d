import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { answer, api, follow, type Page } from "./client";
import { quoted } from "./odata";
import type { ProvisioningEntry, ProvisioningStep } from "./schema";

export type Entry = ProvisioningEntry;
export type Step = ProvisioningStep;

export const STATUSES = ["success", "failure", "skipped", "warning"] as const;
export const ACTIONS = ["create", "update", "disable", "delete", "stagedDelete", "other"] as const;
export const RANGES = ["1d", "7d", "30d", "all", "custom"] as const;

/** What entries are looked for; what is absent narrows nothing. */
export interface LogFilters {
  application?: string;
  /** The id of a user or group. */
  source?: string;
  status?: (typeof STATUSES)[number];
  action?: (typeof ACTIONS)[number];
  /** The last day unless given. */
  range?: (typeof RANGES)[number];
  /** The first and the last minute of a custom range, in UTC, as 2026-03-01T10:00. */
  from?: string;
  to?: string;
  /** A name, or an id at one end. */
  identity?: string;
  cycle?: string;
}

const DAYS: Record<string, number> = { "1d": 1, "7d": 7, "30d": 30 };

/** The same as a `$filter`; empty for all entries. */
export function filterOf(filters: LogFilters, now: Date): string {
  const { application, source, status, action, range = "1d", from, to, identity, cycle } = filters;
  const day = DAYS[range];
  const since = day ? new Date(now.getTime() - day * 86_400_000).toISOString() : range === "custom" && from ? `${from}:00Z` : undefined;
  const until = range === "custom" && to ? `${to}:59.999Z` : undefined;
  const text = identity?.trim() ? quoted(identity.trim()) : undefined;
  return [
    application && `servicePrincipal/id eq ${quoted(application)}`,
    source && `sourceIdentity/id eq ${quoted(source)}`,
    cycle && `cycleId eq ${quoted(cycle)}`,
    status && `provisioningStatusInfo/status eq ${quoted(status)}`,
    action && `provisioningAction eq ${quoted(action)}`,
    since && `activityDateTime ge ${since}`,
    until && `activityDateTime le ${until}`,
    text && `(${["sourceIdentity", "targetIdentity"].flatMap((end) => [`contains(${end}/displayName,${text})`, `${end}/id eq ${text}`]).join(" or ")})`,
  ].filter(Boolean).join(" and ");
}

/** Entries of the provisioning log, newest first, page by page. */
export function logQuery(filters: LogFilters) {
  return infiniteQueryOptions({
    queryKey: ["log", filters],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }): Promise<Page<Entry>> => {
      if (pageParam) return follow<Entry>(pageParam, signal);
      const query = { $top: 100, $filter: filterOf(filters, new Date()) || undefined };
      return answer(api.GET("/v1.0/auditLogs/provisioning", { params: { query }, signal }));
    },
    getNextPageParam: (page) => page["@odata.nextLink"],
  });
}

/** An entry, which never changes. */
export function entryQuery(id: string) {
  return queryOptions({
    queryKey: ["log", "one", id],
    staleTime: Infinity,
    queryFn: ({ signal }): Promise<Entry> => answer(api.GET("/v1.0/auditLogs/provisioning/{id}", { params: { path: { id } }, signal })),
  });
}

/** The last entries about a user in an application, newest first. */
export function lastEntriesQuery(source: string, application: string) {
  return queryOptions({
    queryKey: ["log", "last", source, application],
    queryFn: async ({ signal }): Promise<Entry[]> => {
      const query = { $top: 5, $filter: filterOf({ source, application, range: "all" }, new Date()) };
      return (await answer(api.GET("/v1.0/auditLogs/provisioning", { params: { query }, signal }))).value;
    },
  });
}

/** Where the browser fetches the same entries as a file. */
export function fileAddress(filters: LogFilters, format: "csv" | "json", now: Date): string {
  const query = new URLSearchParams({ format });
  const filter = filterOf(filters, now);
  if (filter) query.set("$filter", filter);
  return `/provost/v1/provisioningLog?${query}`;
}
