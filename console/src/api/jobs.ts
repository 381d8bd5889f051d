import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { answer, api, follow, type Page } from "./client";
import type { Failures, Job, JobSettings, KeyValue, Staged } from "./schema";

export type { Failures, Job, Staged };

const OFTEN = 2_000;
const SELDOM = 15_000;

/** How soon to look again at jobs: often while a cycle runs or is about to. */
function again(jobs: Job[]): number {
  const soon = Date.now() + SELDOM;
  const stirs = ({ started, currentCycle, nextRun }: Job) => currentCycle || (started && (!nextRun || Date.parse(nextRun) < soon));
  return jobs.some(stirs) ? OFTEN : SELDOM;
}

/** All jobs, each with its cycle. */
export const jobsQuery = queryOptions({
  queryKey: ["jobs"],
  queryFn: async ({ signal }): Promise<Job[]> => (await answer(api.GET("/provost/v1/jobs", { signal }))).value,
  refetchInterval: ({ state }) => again(state.data ?? []),
});

/** The job of an application, with all of its state; null where provisioning is not set up. */
export function jobQuery(application: string) {
  return queryOptions({
    queryKey: ["jobs", "of", application],
    queryFn: async ({ signal }): Promise<Job | null> => {
      const path = { id: application };
      const { value } = await answer(api.GET("/v1.0/servicePrincipals/{id}/synchronization/jobs", { params: { path }, signal }));
      const job = value[0]?.id;
      return job ? answer(api.GET("/provost/v1/jobs/{job}", { params: { path: { job } }, signal })) : null;
    },
    refetchInterval: ({ state }) => again(state.data ? [state.data] : []),
  });
}

/** The failures of the last day, by the hour. */
export const failuresQuery = queryOptions({
  queryKey: ["provisioningLog", "failures"],
  queryFn: async ({ signal }): Promise<Failures[]> => (await answer(api.GET("/provost/v1/failures", { signal }))).value,
  refetchInterval: SELDOM * 4,
});

/** What guards hold back of a job, and until when what is held back is in the list. */
export function stagedQuery(job: string) {
  return infiniteQueryOptions({
    queryKey: ["jobs", "staged", job],
    initialPageParam: "",
    queryFn: async ({ pageParam, signal }): Promise<Page<Staged> & { asOf: string }> => {
      const asOf = (await answer(api.GET("/provost/v1/status", { signal }))).time;
      const query = { $top: 200 };
      const page = pageParam
        ? await follow<Staged>(pageParam, signal)
        : await answer(api.GET("/provost/v1/jobs/{job}/staged", { params: { path: { job }, query }, signal }));
      return { ...page, asOf };
    },
    getNextPageParam: (page) => page["@odata.nextLink"],
  });
}

/** The id of an application's job, which is created where there is none. */
export async function ensureJob(application: string, template: string): Promise<string> {
  const params = { path: { id: application } };
  const { id } = await answer(api.POST("/v1.0/servicePrincipals/{id}/synchronization/jobs", { params, body: { templateId: template } }));
  if (!id) throw new Error("The job that was created has no id.");
  return id;
}

export interface Credentials {
  tenantUrl: string;
  secretToken: string;
}

function pairs({ tenantUrl, secretToken }: Partial<Credentials>): KeyValue[] {
  const given: [string, string | undefined][] = [["BaseAddress", tenantUrl], ["SecretToken", secretToken]];
  return given.flatMap(([key, value]) => (value === undefined ? [] : [{ key, value: value.trim() }]));
}

export async function saveCredentials(application: string, change: Partial<Credentials>): Promise<void> {
  const params = { path: { id: application } };
  await answer(api.PUT("/v1.0/servicePrincipals/{id}/synchronization/secrets", { params, body: { value: pairs(change) } }));
}

/** Tries credentials at the target: those that are given, or those that are saved. Throws with the reason of a failure. */
export async function testConnection(application: string, job: string, given?: Credentials): Promise<void> {
  const params = { path: { id: application, job } };
  const body = given ? { useSavedCredentials: false, credentials: pairs(given) } : { useSavedCredentials: true };
  await answer(api.POST("/v1.0/servicePrincipals/{id}/synchronization/jobs/{job}/validateCredentials", { params, body }));
}

export async function changeJob(job: string, change: JobSettings): Promise<void> {
  await answer(api.PATCH("/provost/v1/jobs/{job}", { params: { path: { job } }, body: change }));
}

export async function startJob(application: string, job: string): Promise<void> {
  await answer(api.POST("/v1.0/servicePrincipals/{id}/synchronization/jobs/{job}/start", { params: { path: { id: application, job } } }));
}

export async function pauseJob(application: string, job: string): Promise<void> {
  await answer(api.POST("/v1.0/servicePrincipals/{id}/synchronization/jobs/{job}/pause", { params: { path: { id: application, job } } }));
}

/** What of a job's memory a restart lets go of. */
export type ResetScope = "Full" | "Watermark" | "Escrows" | "QuarantineState" | "ForceDeletes";

export async function restartJob(application: string, job: string, scopes: ResetScope[]): Promise<void> {
  const params = { path: { id: application, job } };
  const body = { criteria: { resetScope: scopes.join(",") } };
  await answer(api.POST("/v1.0/servicePrincipals/{id}/synchronization/jobs/{job}/restart", { params, body }));
}

/** Lets what was held back until a moment go ahead with the next cycle. */
export async function allowDeletes(job: string, stagedUntil: string): Promise<void> {
  await answer(api.POST("/provost/v1/jobs/{job}/allow-deletes", { params: { path: { job } }, body: { stagedUntil } }));
}
