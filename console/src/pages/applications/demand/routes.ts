import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { applicationRoute } from "../layout/route";

export const demandRoutes = [
  createRoute({
    getParentRoute: () => applicationRoute,
    path: "provision-on-demand",
    component: lazyRouteComponent(() => import("./DemandPage"), "DemandPage"),
  }),
] as const;
