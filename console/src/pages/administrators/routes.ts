import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { shellRoute } from "../../shell/routes";

export interface AdministratorsSearch {
  search?: string;
}

const administrators = createRoute({
  getParentRoute: () => shellRoute,
  path: "/administrators",
  validateSearch: (given: Record<string, unknown>): AdministratorsSearch => ({
    search: typeof given.search === "string" && given.search ? given.search : undefined,
  }),
  component: lazyRouteComponent(() => import("./AdministratorsPage"), "AdministratorsPage"),
});

const newAdministrator = createRoute({
  getParentRoute: () => shellRoute,
  path: "/administrators/new",
  component: lazyRouteComponent(() => import("./NewAdministratorPage"), "NewAdministratorPage"),
});

const administrator = createRoute({
  getParentRoute: () => shellRoute,
  path: "/administrators/$id",
  component: lazyRouteComponent(() => import("./AdministratorPage"), "AdministratorPage"),
});

export const administratorRoutes = [administrators, newAdministrator, administrator] as const;
