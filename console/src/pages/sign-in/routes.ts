import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { rootRoute } from "../../shell/routes";

export const signInRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/sign-in",
    // Only addresses of the console: a link from elsewhere must not lead away after signing in.
    validateSearch: (given: Record<string, unknown>): { from?: string } => ({
      from: typeof given.from === "string" && /^\/(?![/\\])/.test(given.from) ? given.from : undefined,
    }),
    component: lazyRouteComponent(() => import("./SignInPage"), "SignInPage"),
  }),
] as const;
