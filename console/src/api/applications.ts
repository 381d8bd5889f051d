import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { answer, api, follow, type Page } from "./client";
import { quoted, searchFor } from "./odata";
import type { ApplicationTemplate, AppRoleAssignment, Group, ServicePrincipal, User } from "./schema";

export type Application = ServicePrincipal;
export type { ApplicationTemplate, AppRoleAssignment };

const PAGE = 100;
const FOUND = 20;

/** Enterprise applications that a text is found in, page by page. */
export function applicationsQuery(search: string) {
  return infiniteQueryOptions({
    queryKey: ["applications", "list", { search }],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }): Promise<Page<Application>> => {
      if (pageParam) return follow<Application>(pageParam, signal);
      const query = { $top: PAGE, $count: true, $search: searchFor(search) };
      return answer(api.GET("/v1.0/servicePrincipals", { params: { query }, signal }));
    },
    getNextPageParam: (page) => page["@odata.nextLink"],
  });
}

export function applicationQuery(id: string) {
  return queryOptions({
    queryKey: ["applications", "one", id],
    queryFn: ({ signal }): Promise<Application> => answer(api.GET("/v1.0/servicePrincipals/{id}", { params: { path: { id } }, signal })),
  });
}

/** The applications of the gallery that a text is found in. */
export function galleryQuery(search: string) {
  return queryOptions({
    queryKey: ["gallery", { search }],
    queryFn: async ({ signal }): Promise<ApplicationTemplate[]> => {
      const query = { $top: PAGE, $search: searchFor(search) };
      return (await answer(api.GET("/v1.0/applicationTemplates", { params: { query }, signal }))).value;
    },
    placeholderData: (before) => before,
  });
}

export function templateQuery(id: string) {
  return queryOptions({
    queryKey: ["gallery", "one", id],
    queryFn: ({ signal }): Promise<ApplicationTemplate> => answer(api.GET("/v1.0/applicationTemplates/{id}", { params: { path: { id } }, signal })),
    staleTime: Infinity,
  });
}

/** Adds an application from the gallery. */
export async function addApplication(template: string, displayName: string): Promise<Application> {
  const params = { path: { id: template } };
  return (await answer(api.POST("/v1.0/applicationTemplates/{id}/instantiate", { params, body: { displayName } }))).servicePrincipal;
}

export async function deleteApplication(id: string): Promise<void> {
  await answer(api.DELETE("/v1.0/servicePrincipals/{id}", { params: { path: { id } } }));
}

/** Who is assigned to an application, page by page. */
export function assignedQuery(application: string, search: string) {
  return infiniteQueryOptions({
    queryKey: ["applications", "one", application, "assigned", { search }],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }): Promise<Page<AppRoleAssignment>> => {
      if (pageParam) return follow<AppRoleAssignment>(pageParam, signal);
      const $filter = search.trim() ? `contains(principalDisplayName,${quoted(search.trim())})` : undefined;
      const query = { $top: PAGE, $count: true, $filter };
      return answer(api.GET("/v1.0/servicePrincipals/{id}/appRoleAssignedTo", { params: { path: { id: application }, query }, signal }));
    },
    getNextPageParam: (page) => page["@odata.nextLink"],
  });
}

export async function assign(application: string, principal: string, role: string): Promise<void> {
  const params = { path: { id: application } };
  const body = { principalId: principal, resourceId: application, appRoleId: role };
  await answer(api.POST("/v1.0/servicePrincipals/{id}/appRoleAssignedTo", { params, body }));
}

export async function unassign(application: string, assignment: string): Promise<void> {
  await answer(api.DELETE("/v1.0/servicePrincipals/{id}/appRoleAssignedTo/{assignment}", { params: { path: { id: application, assignment } } }));
}

/** Who can be assigned to an application. */
export interface Candidate {
  id: string;
  type: "User" | "Group";
  name: string;
  detail?: string;
}

function user({ id, displayName, userPrincipalName }: User): Candidate {
  return { id, type: "User", name: displayName ?? userPrincipalName ?? id, detail: userPrincipalName ?? undefined };
}

function group({ id, displayName, description }: Group): Candidate {
  return { id, type: "Group", name: displayName ?? id, detail: description ?? undefined };
}

/** The first users and groups that a text is found in. */
export function candidatesQuery(search: string) {
  return queryOptions({
    queryKey: ["users", "candidates", { search }],
    queryFn: async ({ signal }): Promise<Candidate[]> => {
      const query = { $top: FOUND, $search: searchFor(search) };
      const [groups, users] = await Promise.all([
        answer(api.GET("/v1.0/groups", { params: { query: { ...query, $select: "id,displayName,description" } }, signal })),
        answer(api.GET("/v1.0/users", { params: { query: { ...query, $select: "id,displayName,userPrincipalName" } }, signal })),
      ]);
      return [...groups.value.map(group), ...users.value.map(user)];
    },
    placeholderData: (before) => before,
  });
}

/** Names of applications, for a list to choose from. */
export const applicationNamesQuery = queryOptions({
  queryKey: ["applications", "names"],
  queryFn: async ({ signal }): Promise<{ id: string; displayName: string }[]> => {
    const query = { $top: 999, $select: "id,displayName" };
    const { value } = await answer(api.GET("/v1.0/servicePrincipals", { params: { query }, signal }));
    const named = value.map(({ id, displayName }) => ({ id, displayName: displayName ?? id }));
    return named.sort((one, other) => one.displayName.localeCompare(other.displayName));
  },
});
