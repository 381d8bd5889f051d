import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import type { UserList, UserOrder } from "../../api/users";
import { shellRoute } from "../../shell/routes";

export interface UsersSearch {
  search?: string;
  list?: UserList;
  order?: UserOrder;
}

const ORDERS: UserOrder[] = ["displayName", "displayName desc", "userPrincipalName", "userPrincipalName desc"];

const users = createRoute({
  getParentRoute: () => shellRoute,
  path: "/users",
  validateSearch: (given: Record<string, unknown>): UsersSearch => ({
    search: typeof given.search === "string" && given.search ? given.search : undefined,
    list: given.list === "deleted" ? "deleted" : undefined,
    order: ORDERS.find((order) => order === given.order),
  }),
  component: lazyRouteComponent(() => import("./UsersPage"), "UsersPage"),
});

const newUser = createRoute({
  getParentRoute: () => shellRoute,
  path: "/users/new",
  component: lazyRouteComponent(() => import("./NewUserPage"), "NewUserPage"),
});

const user = createRoute({
  getParentRoute: () => shellRoute,
  path: "/users/$id",
  component: lazyRouteComponent(() => import("./UserPage"), "UserPage"),
});

export const userRoutes = [users, newUser, user] as const;
