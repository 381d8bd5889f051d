import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import type { GroupOrder } from "../../api/groups";
import { shellRoute } from "../../shell/routes";

export interface GroupsSearch {
  search?: string;
  order?: GroupOrder;
}

const groups = createRoute({
  getParentRoute: () => shellRoute,
  path: "/groups",
  validateSearch: (given: Record<string, unknown>): GroupsSearch => ({
    search: typeof given.search === "string" && given.search ? given.search : undefined,
    order: given.order === "displayName desc" ? given.order : undefined,
  }),
  component: lazyRouteComponent(() => import("./GroupsPage"), "GroupsPage"),
});

const newGroup = createRoute({
  getParentRoute: () => shellRoute,
  path: "/groups/new",
  component: lazyRouteComponent(() => import("./NewGroupPage"), "NewGroupPage"),
});

const group = createRoute({
  getParentRoute: () => shellRoute,
  path: "/groups/$id",
  component: lazyRouteComponent(() => import("./GroupPage"), "GroupPage"),
});

export const groupRoutes = [groups, newGroup, group] as const;
