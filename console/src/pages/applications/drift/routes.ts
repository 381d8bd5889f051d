import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { applicationRoute } from "../layout/route";

export const driftRoutes = [
  createRoute({
    getParentRoute: () => applicationRoute,
    path: "drift",
    component: lazyRouteComponent(() => import("./DriftPage"), "DriftPage"),
  }),
] as const;
