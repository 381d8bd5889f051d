import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { applicationRoute } from "../layout/route";

export const applicationOverviewRoutes = [
  createRoute({
    getParentRoute: () => applicationRoute,
    path: "/",
    component: lazyRouteComponent(() => import("./ApplicationOverview"), "ApplicationOverview"),
  }),
] as const;
