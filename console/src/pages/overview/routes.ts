import { createRoute, lazyRouteComponent, redirect } from "@tanstack/react-router";

import { homeOf } from "../../shell/navigation";
import { shellRoute } from "../../shell/routes";

export const overviewRoutes = [
  createRoute({
    getParentRoute: () => shellRoute,
    path: "/",
    // To what one may read: no role reads every page.
    beforeLoad: ({ context: { session } }) => {
      throw redirect({ to: homeOf(session), replace: true });
    },
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: "/overview",
    component: lazyRouteComponent(() => import("./OverviewPage"), "OverviewPage"),
  }),
] as const;
