import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { readSearch } from "../../logs/search";
import { applicationRoute } from "../layout/route";

export const logRoutes = [
  createRoute({
    getParentRoute: () => applicationRoute,
    path: "provisioning-logs",
    validateSearch: readSearch,
    component: lazyRouteComponent(() => import("./ApplicationLogsPage"), "ApplicationLogsPage"),
  }),
] as const;
