import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { applicationRoute } from "../layout/route";

export interface AccessSearch {
  search?: string;
}

export const accessRoutes = [
  createRoute({
    getParentRoute: () => applicationRoute,
    path: "users",
    validateSearch: ({ search }: Record<string, unknown>): AccessSearch => ({
      search: typeof search === "string" && search ? search : undefined,
    }),
    component: lazyRouteComponent(() => import("./AccessPage"), "AccessPage"),
  }),
] as const;
