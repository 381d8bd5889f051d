import { createRoute, lazyRouteComponent, redirect } from "@tanstack/react-router";

import { connectorLinks, identityLinks } from "../../shell/navigation";
import { shellRoute } from "../../shell/routes";

export const overviewRoutes = [
  createRoute({
    getParentRoute: () => shellRoute,
    path: "/",
    beforeLoad: ({ context: { session } }) => {
      const first = [...identityLinks(session), ...connectorLinks(session)][0];
      throw redirect({ to: first?.to ?? "/overview" });
    },
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: "/overview",
    component: lazyRouteComponent(() => import("./OverviewPage"), "OverviewPage"),
  }),
] as const;
