import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { answer, api, follow, type Page } from "./client";
import type { ReplayInput, Webhook, WebhookDelivery, WebhookInput, WebhookSecret } from "./schema";

export type { Webhook, WebhookDelivery, WebhookInput, WebhookSecret };

const key = (tenant: string) => ["tenants", "one", tenant, "webhooks"] as const;
const one = (name: string, id: string) => ({ path: { name, id } });

/** What changes with a webhook: all that is shown of the tenant's webhooks. */
export const webhooksKey = key;

/** The webhooks of a tenant, looked for again every few seconds: they fare now so, now so. */
export function webhooksQuery(tenant: string) {
  return queryOptions({
    queryKey: key(tenant),
    refetchInterval: 5_000,
    queryFn: async ({ signal }): Promise<Webhook[]> =>
      (await answer(api.GET("/provost/v1/tenants/{name}/webhooks", { params: { path: { name: tenant } }, signal }))).value,
  });
}

export function webhookQuery(tenant: string, id: string) {
  return queryOptions({
    queryKey: [...key(tenant), "one", id],
    refetchInterval: 5_000,
    queryFn: ({ signal }): Promise<Webhook> => answer(api.GET("/provost/v1/tenants/{name}/webhooks/{id}", { params: one(tenant, id), signal })),
  });
}

export function createWebhook(tenant: string, body: WebhookInput): Promise<WebhookSecret> {
  return answer(api.POST("/provost/v1/tenants/{name}/webhooks", { params: { path: { name: tenant } }, body }));
}

export function changeWebhook(tenant: string, id: string, body: WebhookInput): Promise<Webhook> {
  return answer(api.PATCH("/provost/v1/tenants/{name}/webhooks/{id}", { params: one(tenant, id), body }));
}

export async function deleteWebhook(tenant: string, id: string): Promise<void> {
  await answer(api.DELETE("/provost/v1/tenants/{name}/webhooks/{id}", { params: one(tenant, id) }));
}

export function rotateSecret(tenant: string, id: string, overlap: string): Promise<WebhookSecret> {
  return answer(api.POST("/provost/v1/tenants/{name}/webhooks/{id}/rotateSecret", { params: one(tenant, id), body: { overlap } }));
}

/** Sends a test event; what came of it. */
export function testWebhook(tenant: string, id: string): Promise<WebhookDelivery> {
  return answer(api.POST("/provost/v1/tenants/{name}/webhooks/{id}/test", { params: one(tenant, id) }));
}

export function replayWebhook(tenant: string, id: string, body: ReplayInput): Promise<Webhook> {
  return answer(api.POST("/provost/v1/tenants/{name}/webhooks/{id}/replay", { params: one(tenant, id), body }));
}

/** The last deliveries of a webhook, the newest first, page by page. */
export function deliveriesQuery(tenant: string, id: string, state: string, search: string) {
  return infiniteQueryOptions({
    queryKey: [...key(tenant), "one", id, "deliveries", { state, search }],
    refetchInterval: 3_000,
    initialPageParam: "",
    queryFn: async ({ pageParam, signal }): Promise<Page<WebhookDelivery>> => {
      if (pageParam) return follow<WebhookDelivery>(pageParam, signal);
      const query = { state: state || undefined, contains: search || undefined, $count: true, $top: 100 };
      return answer(api.GET("/provost/v1/tenants/{name}/webhooks/{id}/deliveries", { params: { ...one(tenant, id), query }, signal }));
    },
    getNextPageParam: (page) => page["@odata.nextLink"],
  });
}

/** Sends the event of a delivery once more. */
export function resend(tenant: string, id: string, delivery: string): Promise<WebhookDelivery> {
  return answer(api.POST("/provost/v1/tenants/{name}/webhooks/{id}/deliveries/{delivery}/resend", { params: { path: { name: tenant, id, delivery } } }));
}
