import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { shellRoute } from "../../shell/routes";
import { demandRoutes } from "./demand/routes";
import { driftRoutes } from "./drift/routes";
import { applicationRoute } from "./layout/route";
import { logRoutes } from "./logs/routes";
import { mappingRoutes } from "./mappings/routes";
import { applicationOverviewRoutes } from "./overview/routes";
import { planRoutes } from "./plan/routes";

export interface ApplicationsSearch {
  search?: string;
}

const applications = createRoute({
  getParentRoute: () => shellRoute,
  path: "/applications",
  validateSearch: ({ search }: Record<string, unknown>): ApplicationsSearch => ({
    search: typeof search === "string" && search ? search : undefined,
  }),
  component: lazyRouteComponent(() => import("./ApplicationsPage"), "ApplicationsPage"),
});

export const applicationRoutes = [
  applications,
  applicationRoute.addChildren([
    ...applicationOverviewRoutes,
    ...mappingRoutes,
    ...planRoutes,
    ...demandRoutes,
    ...logRoutes,
    ...driftRoutes,
  ]),
] as const;
