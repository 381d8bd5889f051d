import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { answer, api, follow, type Page } from "./client";
import type {
  ClientRequest, DirectoryAudit, NewTenant, NewToken, Provisioned, SchemaAttribute, SchemaExtension, Tenant, TenantInput, TenantSettings,
  Token, TokenInput,
} from "./schema";

export type { ClientRequest, Provisioned, SchemaAttribute, SchemaExtension, Tenant, TenantSettings, Token };
export type ProvisionedKind = "users" | "groups";

const path = (name: string) => ({ path: { name } });

/** Tenants of which a text is a part of the name, page by page. */
export function tenantsQuery(search: string) {
  return infiniteQueryOptions({
    queryKey: ["tenants", { search }],
    initialPageParam: "",
    queryFn: async ({ pageParam, signal }): Promise<Page<Tenant>> => {
      if (pageParam) return follow<Tenant>(pageParam, signal);
      const query = { contains: search || undefined, $count: true };
      return answer(api.GET("/provost/v1/tenants", { params: { query }, signal }));
    },
    getNextPageParam: (page) => page["@odata.nextLink"],
  });
}

/** A tenant by its id. */
export function tenantQuery(name: string) {
  return queryOptions({
    queryKey: ["tenants", "one", name],
    queryFn: ({ signal }): Promise<Tenant> => answer(api.GET("/provost/v1/tenants/{name}", { params: path(name), signal })),
  });
}

export function createTenant(name: string): Promise<NewTenant> {
  return answer(api.POST("/provost/v1/tenants", { body: { name } }));
}

export function changeTenant(name: string, body: TenantInput): Promise<Tenant> {
  return answer(api.PATCH("/provost/v1/tenants/{name}", { params: path(name), body }));
}

export async function deleteTenant(name: string): Promise<void> {
  await answer(api.DELETE("/provost/v1/tenants/{name}", { params: path(name) }));
}

export function tokensQuery(name: string) {
  return queryOptions({
    queryKey: ["tenants", "one", name, "tokens"],
    queryFn: async ({ signal }): Promise<Token[]> =>
      (await answer(api.GET("/provost/v1/tenants/{name}/tokens", { params: path(name), signal }))).value,
  });
}

export function createToken(name: string, body: TokenInput): Promise<NewToken> {
  return answer(api.POST("/provost/v1/tenants/{name}/tokens", { params: path(name), body }));
}

export function rotateToken(name: string, id: string, overlap: string): Promise<NewToken> {
  return answer(api.POST("/provost/v1/tenants/{name}/tokens/{id}/rotate", { params: { path: { name, id } }, body: { overlap } }));
}

export async function revokeToken(name: string, id: string): Promise<void> {
  await answer(api.DELETE("/provost/v1/tenants/{name}/tokens/{id}", { params: { path: { name, id } } }));
}

/** The last requests of a tenant's clients, the newest first; looked for again every two seconds. */
export function requestsQuery(name: string, errors: boolean, client: string) {
  return queryOptions({
    queryKey: ["tenants", "one", name, "requests", { errors, client }],
    refetchInterval: 2_000,
    queryFn: async ({ signal }): Promise<ClientRequest[]> => {
      const query = { errors: errors || undefined, client: client || undefined };
      return (await answer(api.GET("/provost/v1/tenants/{name}/requests", { params: { ...path(name), query }, signal }))).value;
    },
  });
}

/** What clients have provisioned, page by page. */
export function provisionedQuery(name: string, kind: ProvisionedKind, search: string) {
  return infiniteQueryOptions({
    queryKey: ["tenants", "one", name, kind, { search }],
    initialPageParam: "",
    queryFn: async ({ pageParam, signal }): Promise<Page<Provisioned>> => {
      if (pageParam) return follow<Provisioned>(pageParam, signal);
      const params = { ...path(name), query: { contains: search || undefined, $count: true, $top: 100 } };
      return kind === "users"
        ? answer(api.GET("/provost/v1/tenants/{name}/users", { params, signal }))
        : answer(api.GET("/provost/v1/tenants/{name}/groups", { params, signal }));
    },
    getNextPageParam: (page) => page["@odata.nextLink"],
  });
}

export function provisionedOneQuery(name: string, kind: ProvisionedKind, id: string) {
  return queryOptions({
    queryKey: ["tenants", "one", name, kind, "one", id],
    queryFn: ({ signal }): Promise<Provisioned> => {
      const params = { path: { name, id } };
      return kind === "users"
        ? answer(api.GET("/provost/v1/tenants/{name}/users/{id}", { params, signal }))
        : answer(api.GET("/provost/v1/tenants/{name}/groups/{id}", { params, signal }));
    },
  });
}

/** The members of a group that clients provisioned, with what they are known by, page by page. */
export function membersQuery(name: string, group: string, search: string) {
  return infiniteQueryOptions({
    queryKey: ["tenants", "one", name, "groups", "one", group, "members", { search }],
    initialPageParam: "",
    queryFn: async ({ pageParam, signal }): Promise<Page<Provisioned>> => {
      if (pageParam) return follow<Provisioned>(pageParam, signal);
      const params = { path: { name, id: group }, query: { contains: search || undefined, $count: true, $top: 100 } };
      return answer(api.GET("/provost/v1/tenants/{name}/groups/{id}/members", { params, signal }));
    },
    getNextPageParam: (page) => page["@odata.nextLink"],
  });
}

export function extensionsQuery(name: string) {
  return queryOptions({
    queryKey: ["tenants", "one", name, "schemas"],
    queryFn: async ({ signal }): Promise<SchemaExtension[]> =>
      (await answer(api.GET("/provost/v1/tenants/{name}/schemas", { params: path(name), signal }))).value,
  });
}

export async function saveExtension(name: string, body: SchemaExtension, isNew: boolean): Promise<void> {
  if (isNew) await answer(api.POST("/provost/v1/tenants/{name}/schemas", { params: path(name), body }));
  else await answer(api.PUT("/provost/v1/tenants/{name}/schemas/{urn}", { params: { path: { name, urn: body.id } }, body }));
}

export async function deleteExtension(name: string, urn: string): Promise<void> {
  await answer(api.DELETE("/provost/v1/tenants/{name}/schemas/{urn}", { params: { path: { name, urn } } }));
}

/** What administrators did to a tenant, the newest first: the last thousand, which come whole. */
export function tenantAuditsQuery(name: string) {
  return infiniteQueryOptions({
    queryKey: ["tenants", "one", name, "audits"],
    initialPageParam: "",
    queryFn: ({ signal }): Promise<Page<DirectoryAudit>> => answer(api.GET("/provost/v1/tenants/{name}/audits", { params: path(name), signal })),
    getNextPageParam: () => undefined,
  });
}
