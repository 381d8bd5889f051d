import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { answer, api, follow, type Page } from "./client";
import { ApiError } from "./errors";
import { quoted, reference, searchFor, searchOr } from "./odata";
import type { AppRoleAssignment, ProvisioningEntry, User } from "./schema";

export type { User };

export type UserList = "active" | "deleted";
/** A property that users are sorted by on the server, with `desc` behind it. */
export type UserOrder = "displayName" | "displayName desc" | "userPrincipalName" | "userPrincipalName desc";

const SHOWN = "id,displayName,userPrincipalName,mail,department,accountEnabled,deletedDateTime,createdDateTime";
const PAGE = 100;

/** Users that a text is found in, page by page. */
export function usersQuery(list: UserList, search: string, order: UserOrder) {
  return infiniteQueryOptions({
    queryKey: ["users", list, { search, order }],
    initialPageParam: "",
    queryFn: async ({ pageParam, signal }): Promise<Page<User>> => {
      if (pageParam) return follow<User>(pageParam, signal);
      const query = { $select: SHOWN, $top: PAGE };
      return list === "deleted"
        ? answer(api.GET("/v1.0/directory/deletedItems/microsoft.graph.user", { params: { query: { ...query, $count: true, $search: searchFor(search) } }, signal }))
        : answer(api.GET("/v1.0/users", { params: { query: { ...query, ...searchOr(search, order) } }, signal }));
    },
    getNextPageParam: (page) => page["@odata.nextLink"],
  });
}

/** A user, also one in the recycle bin. */
export function userQuery(id: string) {
  return queryOptions({
    queryKey: ["users", "one", id],
    queryFn: async ({ signal }): Promise<User> => {
      const params = { path: { id } };
      try {
        return await answer(api.GET("/v1.0/users/{id}", { params, signal }));
      } catch (error) {
        if (!(error instanceof ApiError && error.status === 404)) throw error;
        return answer(api.GET("/v1.0/directory/deletedItems/{id}", { params, signal }));
      }
    },
  });
}

export function assignmentsQuery(id: string) {
  return queryOptions({
    queryKey: ["users", "one", id, "assignments"],
    queryFn: async ({ signal }): Promise<AppRoleAssignment[]> =>
      (await answer(api.GET("/v1.0/users/{id}/appRoleAssignments", { params: { path: { id } }, signal }))).value,
  });
}

/** The last entries of the provisioning log about a user, newest first. */
export function userLogQuery(id: string) {
  return queryOptions({
    queryKey: ["users", "one", id, "log"],
    queryFn: async ({ signal }): Promise<ProvisioningEntry[]> => {
      const query = { $filter: `sourceIdentity/id eq ${quoted(id)}`, $top: 50 };
      return (await answer(api.GET("/v1.0/auditLogs/provisioning", { params: { query }, signal }))).value;
    },
  });
}

/** Whom a user reports to; null for nobody. */
export function managerQuery(id: string) {
  return queryOptions({
    queryKey: ["users", "one", id, "manager"],
    queryFn: async ({ signal }): Promise<User | null> => {
      try {
        return await answer(api.GET("/v1.0/users/{id}/manager", { params: { path: { id } }, signal }));
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return null;
        throw error;
      }
    },
  });
}

/** Makes somebody a user's manager, or nobody. */
export async function setManager(id: string, manager: string | null): Promise<void> {
  const params = { path: { id } };
  if (manager) await answer(api.PUT("/v1.0/users/{id}/manager/$ref", { params, body: reference(manager) }));
  else await answer(api.DELETE("/v1.0/users/{id}/manager/$ref", { params }));
}

export function createUser(user: Partial<User>): Promise<User> {
  return answer(api.POST("/v1.0/users", { body: user as User }));
}

export async function changeUser(id: string, change: Partial<User>): Promise<void> {
  await answer(api.PATCH("/v1.0/users/{id}", { params: { path: { id } }, body: change as User }));
}

export async function deleteUser(id: string): Promise<void> {
  await answer(api.DELETE("/v1.0/users/{id}", { params: { path: { id } } }));
}

export async function restoreUser(id: string): Promise<void> {
  await answer(api.POST("/v1.0/directory/deletedItems/{id}/restore", { params: { path: { id } } }));
}

export async function deleteForGood(id: string): Promise<void> {
  await answer(api.DELETE("/v1.0/directory/deletedItems/{id}", { params: { path: { id } } }));
}
