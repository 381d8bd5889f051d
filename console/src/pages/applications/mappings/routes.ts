import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import type { ObjectName } from "../../../api/mappings";
import { applicationRoute } from "../layout/route";

const mappings = createRoute({
  getParentRoute: () => applicationRoute,
  path: "mappings",
  component: lazyRouteComponent(() => import("./MappingsPage"), "MappingsPage"),
});

const mapping = createRoute({
  getParentRoute: () => applicationRoute,
  path: "mappings/$object",
  component: lazyRouteComponent(() => import("./MappingPage"), "MappingPage"),
});

const scoping = createRoute({
  getParentRoute: () => applicationRoute,
  path: "scoping",
  validateSearch: ({ object }: Record<string, unknown>): { object?: ObjectName } => ({ object: object === "Group" ? "Group" : undefined }),
  component: lazyRouteComponent(() => import("./ScopingPage"), "ScopingPage"),
});

export const mappingRoutes = [mappings, mapping, scoping] as const;
