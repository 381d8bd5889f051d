import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import type { AuditLog } from "../../api/audits";
import { shellRoute } from "../../shell/routes";

export interface AuditSearch {
  log?: AuditLog;
  search?: string;
  category?: string;
  since?: string;
}

const text = (value: unknown) => (typeof value === "string" && value ? value : undefined);

const audit = createRoute({
  getParentRoute: () => shellRoute,
  path: "/audit",
  validateSearch: (given: Record<string, unknown>): AuditSearch => ({
    log: given.log === "installation" || given.log === "directory" ? given.log : undefined,
    search: text(given.search),
    category: text(given.category),
    since: /^\d{4}-\d{2}-\d{2}$/.test(String(given.since)) ? String(given.since) : undefined,
  }),
  component: lazyRouteComponent(() => import("./AuditPage"), "AuditPage"),
});

export const auditRoutes = [audit] as const;
