import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { answer, api, follow, type Page } from "./client";
import type { Administrator, AdministratorChange, ClientSecret, NewAdministrator, Role, Scope } from "./schema";

export type { Administrator, ClientSecret, Role, Scope };

const path = (id: string) => ({ path: { id } });

/** Administrators by name, those that a text is found in, page by page. */
export function administratorsQuery(search: string) {
  return infiniteQueryOptions({
    queryKey: ["administrators", { search }],
    initialPageParam: "",
    queryFn: async ({ pageParam, signal }): Promise<Page<Administrator>> => {
      if (pageParam) return follow<Administrator>(pageParam, signal);
      const query = { contains: search || undefined, $count: true, $top: 100 };
      return answer(api.GET("/provost/v1/administrators", { params: { query }, signal }));
    },
    getNextPageParam: (page) => page["@odata.nextLink"],
  });
}

export function administratorQuery(id: string) {
  return queryOptions({
    queryKey: ["administrators", "one", id],
    queryFn: ({ signal }): Promise<Administrator> =>
      answer(api.GET("/provost/v1/administrators/{id}", { params: path(id), signal })),
  });
}

export function createAdministrator(body: NewAdministrator): Promise<Administrator> {
  return answer(api.POST("/provost/v1/administrators", { body }));
}

export function changeAdministrator(id: string, body: AdministratorChange): Promise<Administrator> {
  return answer(api.PATCH("/provost/v1/administrators/{id}", { params: path(id), body }));
}

export async function deleteAdministrator(id: string): Promise<void> {
  await answer(api.DELETE("/provost/v1/administrators/{id}", { params: path(id) }));
}

export function grantRole(id: string, role: string, scope: Scope): Promise<Role> {
  return answer(api.POST("/provost/v1/administrators/{id}/roles", { params: path(id), body: { role, scope } }));
}

export async function revokeRole(id: string, assignment: string): Promise<void> {
  await answer(api.DELETE("/provost/v1/administrators/{id}/roles/{assignment}", { params: { path: { id, assignment } } }));
}

export function createSecret(id: string, label: string, expires: string | undefined): Promise<ClientSecret> {
  return answer(api.POST("/provost/v1/administrators/{id}/secrets", { params: path(id), body: { label, expires } }));
}

export async function deleteSecret(id: string, secret: string): Promise<void> {
  await answer(api.DELETE("/provost/v1/administrators/{id}/secrets/{secret}", { params: { path: { id, secret } } }));
}
