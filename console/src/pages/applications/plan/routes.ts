import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { applicationRoute } from "../layout/route";

export const planRoutes = [
  createRoute({
    getParentRoute: () => applicationRoute,
    path: "plan",
    component: lazyRouteComponent(() => import("./PlanPage"), "PlanPage"),
  }),
] as const;
