import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { applicationRoute } from "../layout/route";

export const provisioningRoutes = [
  createRoute({
    getParentRoute: () => applicationRoute,
    path: "provisioning",
    component: lazyRouteComponent(() => import("./ProvisioningPage"), "ProvisioningPage"),
  }),
] as const;
