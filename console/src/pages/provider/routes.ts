import { createRoute, lazyRouteComponent, redirect } from "@tanstack/react-router";

import { may, ownTenants } from "../../api/session";
import type { ProvisionedKind } from "../../api/tenants";
import { shellRoute } from "../../shell/routes";

export interface Searched {
  search?: string;
}

export interface ProvisionedSearch extends Searched {
  /** The id of the user or group that is open. */
  one?: string;
}

export interface RequestsSearch {
  client?: string;
  errors?: boolean;
}

const searched = (given: Record<string, unknown>): Searched => ({
  search: typeof given.search === "string" && given.search ? given.search : undefined,
});

const tenants = createRoute({
  getParentRoute: () => shellRoute,
  path: "/connectors/scim",
  validateSearch: searched,
  // Who has one tenant has nothing to choose.
  beforeLoad: ({ context: { session } }) => {
    const [own, another] = ownTenants(session);
    if (own && !another && !may(session, "read", "tenants")) throw redirect({ to: "/connectors/scim/$tenant", params: { tenant: own.id }, replace: true });
  },
  component: lazyRouteComponent(() => import("./TenantsPage"), "TenantsPage"),
});

const tenant = createRoute({
  getParentRoute: () => shellRoute,
  path: "/connectors/scim/$tenant",
  component: lazyRouteComponent(() => import("./TenantLayout"), "TenantLayout"),
});

const connection = createRoute({
  getParentRoute: () => tenant,
  path: "/",
  // A Reports Reader of the tenant sees what happened, and not how it is opened.
  beforeLoad: ({ context: { session }, params }) => {
    if (!may(session, "read", "tenant")) throw redirect({ to: "/connectors/scim/$tenant/requests", params, replace: true });
  },
  component: lazyRouteComponent(() => import("./ConnectionPage"), "ConnectionPage"),
});

const requests = createRoute({
  getParentRoute: () => tenant,
  path: "/requests",
  validateSearch: (given: Record<string, unknown>): RequestsSearch => ({
    client: typeof given.client === "string" && given.client ? given.client : undefined,
    errors: given.errors === true ? true : undefined,
  }),
  component: lazyRouteComponent(() => import("./RequestsPage"), "RequestsPage"),
});

const provisioned = createRoute({
  getParentRoute: () => tenant,
  path: "/provisioned/$kind",
  params: { parse: ({ kind }): { kind: ProvisionedKind } => ({ kind: kind === "groups" ? "groups" : "users" }), stringify: ({ kind }) => ({ kind }) },
  validateSearch: (given: Record<string, unknown>): ProvisionedSearch => ({ ...searched(given), one: typeof given.one === "string" && given.one ? given.one : undefined }),
  component: lazyRouteComponent(() => import("./ProvisionedPage"), "ProvisionedPage"),
});

const schemas = createRoute({
  getParentRoute: () => tenant,
  path: "/schemas",
  component: lazyRouteComponent(() => import("./SchemasPage"), "SchemasPage"),
});

export interface DeliveriesSearch extends Searched {
  state?: string;
}

const webhooks = createRoute({
  getParentRoute: () => tenant,
  path: "/webhooks",
  component: lazyRouteComponent(() => import("./WebhooksPage"), "WebhooksPage"),
});

const deliveries = createRoute({
  getParentRoute: () => tenant,
  path: "/webhooks/$webhook",
  validateSearch: (given: Record<string, unknown>): DeliveriesSearch => ({
    ...searched(given),
    state: typeof given.state === "string" && given.state ? given.state : undefined,
  }),
  component: lazyRouteComponent(() => import("./DeliveriesPage"), "DeliveriesPage"),
});

const settings = createRoute({
  getParentRoute: () => tenant,
  path: "/settings",
  component: lazyRouteComponent(() => import("./SettingsPage"), "SettingsPage"),
});

const audit = createRoute({
  getParentRoute: () => tenant,
  path: "/audit",
  component: lazyRouteComponent(() => import("./TenantAuditPage"), "TenantAuditPage"),
});

export const providerRoutes = [tenants, tenant.addChildren([connection, requests, provisioned, schemas, webhooks, deliveries, settings, audit])] as const;
