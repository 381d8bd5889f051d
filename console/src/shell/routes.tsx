import { createRootRoute, createRoute, lazyRouteComponent, redirect } from "@tanstack/react-router";

import { queryClient } from "../api/queries";
import { sessionQuery } from "../api/session";

export const rootRoute = createRootRoute();

/** What is around every page of somebody who is signed in. */
export const shellRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: "shell",
  beforeLoad: async ({ location }) => {
    const session = await queryClient.ensureQueryData(sessionQuery);
    if (!session) throw redirect({ to: "/sign-in", search: { from: location.href } });
    return { session };
  },
  component: lazyRouteComponent(() => import("./Shell"), "Shell"),
});
