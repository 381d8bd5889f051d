import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { shellRoute } from "../../../shell/routes";

/** What is around every page of an application: the parent of their routes. */
export const applicationRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/applications/$id",
  component: lazyRouteComponent(() => import("./ApplicationLayout"), "ApplicationLayout"),
});
