import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { answer, api, follow, type Page } from "./client";
import { reference, searchFor, searchOr } from "./odata";
import type { DirectoryObject, Group, User } from "./schema";

export type { Group };
/** A user or group, as lists of members have it. */
export type Member = DirectoryObject & Partial<Pick<User, "userPrincipalName">> & Partial<Pick<Group, "description">>;
/** A property that groups are sorted by on the server. */
export type GroupOrder = "displayName" | "displayName desc";
/** What has memberships. */
export type Holder = "users" | "groups";

const PAGE = 100;

export function isGroup(member: Member): boolean {
  return member["@odata.type"] === "#microsoft.graph.group";
}

/** Groups that a text is found in, page by page. */
export function groupsQuery(search: string, order: GroupOrder) {
  return infiniteQueryOptions({
    queryKey: ["groups", { search, order }],
    initialPageParam: "",
    queryFn: async ({ pageParam, signal }): Promise<Page<Group>> => {
      if (pageParam) return follow<Group>(pageParam, signal);
      const query = { $top: PAGE, ...searchOr(search, order) };
      return answer(api.GET("/v1.0/groups", { params: { query }, signal }));
    },
    getNextPageParam: (page) => page["@odata.nextLink"],
  });
}

export function groupQuery(id: string) {
  return queryOptions({
    queryKey: ["groups", "one", id],
    queryFn: ({ signal }): Promise<Group> => answer(api.GET("/v1.0/groups/{id}", { params: { path: { id } }, signal })),
  });
}

/** The direct members of a group that a text is found in; with `nested` those at any depth. */
export function membersQuery(id: string, search: string, nested: boolean) {
  return infiniteQueryOptions({
    queryKey: ["groups", "one", id, "members", { search, nested }],
    initialPageParam: "",
    queryFn: async ({ pageParam, signal }): Promise<Page<Member>> => {
      if (pageParam) return follow<Member>(pageParam, signal);
      const params = { path: { id }, query: { $top: PAGE, $count: true, $search: searchFor(search) } };
      return nested
        ? answer(api.GET("/v1.0/groups/{id}/transitiveMembers", { params, signal }))
        : answer(api.GET("/v1.0/groups/{id}/members", { params, signal }));
    },
    getNextPageParam: (page) => page["@odata.nextLink"],
  });
}

/** The groups that a user or group is a direct member of. */
export function membershipsQuery(holder: Holder, id: string) {
  return infiniteQueryOptions({
    queryKey: [holder, "one", id, "memberOf"],
    initialPageParam: "",
    queryFn: async ({ pageParam, signal }): Promise<Page<Member>> => {
      if (pageParam) return follow<Member>(pageParam, signal);
      const params = { path: { id }, query: { $top: PAGE, $count: true } };
      return holder === "users"
        ? answer(api.GET("/v1.0/users/{id}/memberOf", { params, signal }))
        : answer(api.GET("/v1.0/groups/{id}/memberOf", { params, signal }));
    },
    getNextPageParam: (page) => page["@odata.nextLink"],
  });
}

export function createGroup(group: Partial<Group>): Promise<Group> {
  return answer(api.POST("/v1.0/groups", { body: group as Group }));
}

export async function changeGroup(id: string, change: Partial<Group>): Promise<void> {
  await answer(api.PATCH("/v1.0/groups/{id}", { params: { path: { id } }, body: change as Group }));
}

export async function deleteGroup(id: string): Promise<void> {
  await answer(api.DELETE("/v1.0/groups/{id}", { params: { path: { id } } }));
}

export async function addMember(id: string, member: string): Promise<void> {
  await answer(api.POST("/v1.0/groups/{id}/members/$ref", { params: { path: { id } }, body: reference(member) }));
}

export async function removeMember(id: string, member: string): Promise<void> {
  await answer(api.DELETE("/v1.0/groups/{id}/members/{member}/$ref", { params: { path: { id, member } } }));
}
