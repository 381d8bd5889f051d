import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { shellRoute } from "../../shell/routes";
import { accessRoutes } from "./access/routes";
import { demandRoutes } from "./demand/routes";
import { driftRoutes } from "./drift/routes";
import { applicationRoute } from "./layout/route";
import { logRoutes } from "./logs/routes";
import { mappingRoutes } from "./mappings/routes";
import { applicationOverviewRoutes } from "./overview/routes";
import { planRoutes } from "./plan/routes";
import { provisioningRoutes } from "./provisioning/routes";

export interface ApplicationsSearch {
  search?: string;
}

function searchOf({ search }: Record<string, unknown>): ApplicationsSearch {
  return { search: typeof search === "string" && search ? search : undefined };
}

const applications = createRoute({
  getParentRoute: () => shellRoute,
  path: "/applications",
  validateSearch: searchOf,
  component: lazyRouteComponent(() => import("./ApplicationsPage"), "ApplicationsPage"),
});

const gallery = createRoute({
  getParentRoute: () => shellRoute,
  path: "/applications/new",
  validateSearch: searchOf,
  component: lazyRouteComponent(() => import("./gallery/GalleryPage"), "GalleryPage"),
});

export const applicationRoutes = [
  applications,
  gallery,
  applicationRoute.addChildren([
    ...applicationOverviewRoutes,
    ...accessRoutes,
    ...provisioningRoutes,
    ...mappingRoutes,
    ...planRoutes,
    ...demandRoutes,
    ...logRoutes,
    ...driftRoutes,
  ]),
] as const;
