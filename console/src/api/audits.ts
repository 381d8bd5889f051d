import { infiniteQueryOptions } from "@tanstack/react-query";

import { answer, api, follow, type Page } from "./client";
import { quoted } from "./odata";
import type { DirectoryAudit } from "./schema";

export type { DirectoryAudit };
/** The directory's log, and the one of tenants and administrators. */
export type AuditLog = "directory" | "installation";

export interface AuditFilter {
  /** In the activity, or the name of who did it or what it was done to. */
  search: string;
  category: string;
  /** A day, `2026-03-01`. */
  since: string;
}

/** The filter as the API takes it; undefined where everything is wanted. */
export function filterOf({ search, category, since }: AuditFilter): string | undefined {
  const parts: string[] = [];
  if (category) parts.push(`category eq ${quoted(category)}`);
  if (since) parts.push(`activityDateTime ge ${since}T00:00:00Z`);
  const text = search.trim();
  if (text) {
    const [activity, who, target] = ["activityDisplayName", "initiatedBy/user/displayName", "t/displayName"].map(
      (path) => `contains(${path},${quoted(text)})`,
    );
    parts.push(`(${activity} or ${who} or targetResources/any(t:${target}))`);
  }
  return parts.length > 0 ? parts.join(" and ") : undefined;
}

/** Entries of the audit log, the newest first. */
export function auditsQuery(log: AuditLog, filter: AuditFilter) {
  return infiniteQueryOptions({
    queryKey: ["audits", log, filter],
    initialPageParam: "",
    queryFn: async ({ pageParam, signal }): Promise<Page<DirectoryAudit>> => {
      if (pageParam) return follow<DirectoryAudit>(pageParam, signal);
      const query = { $filter: filterOf(filter), $top: 100 };
      return log === "directory"
        ? answer(api.GET("/v1.0/auditLogs/directoryAudits", { params: { query }, signal }))
        : answer(api.GET("/provost/v1/audits", { params: { query }, signal }));
    },
    getNextPageParam: (page) => page["@odata.nextLink"],
  });
}
