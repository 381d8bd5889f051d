import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { shellRoute } from "../../shell/routes";
import { readSearch } from "./search";

const logs = createRoute({
  getParentRoute: () => shellRoute,
  path: "/provisioning-logs",
  validateSearch: readSearch,
  component: lazyRouteComponent(() => import("./ProvisioningLogsPage"), "ProvisioningLogsPage"),
});

const userLogs = createRoute({
  getParentRoute: () => shellRoute,
  path: "/users/$id/provisioning-logs",
  validateSearch: readSearch,
  component: lazyRouteComponent(() => import("./UserLogsPage"), "UserLogsPage"),
});

export const provisioningLogRoutes = [logs, userLogs] as const;
