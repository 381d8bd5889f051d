import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { shellRoute } from "../../shell/routes";

export const accountRoutes = [
  createRoute({
    getParentRoute: () => shellRoute,
    path: "/password",
    component: lazyRouteComponent(() => import("./PasswordPage"), "PasswordPage"),
  }),
] as const;
