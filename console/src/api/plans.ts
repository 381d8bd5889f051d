import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { answer, api, follow, type Page } from "./client";
import { ApiError } from "./errors";
import type { Entry } from "./log";
import type { Cycle, Drift, Finding, PlannedChange } from "./schema";

export type { Cycle, Drift, Finding, PlannedChange };

/** One object that is planned, instead of all that the next cycle would look at. */
export interface Selected {
  id: string;
  type: "User" | "Group";
}

/** What the next cycle would do, or what provisioning one object on demand would: nothing is written anywhere. */
export function planQuery(job: string, selected: Selected | undefined) {
  return queryOptions({
    queryKey: ["jobs", "plan", job, selected ?? "everything"],
    queryFn: ({ signal }): Promise<Cycle> => {
      const body = selected && { [selected.type === "Group" ? "groups" : "users"]: [selected.id] };
      return answer(api.POST("/provost/v1/jobs/{job}/plan", { params: { path: { job } }, body: body ?? {}, signal }));
    },
    // It is made when somebody asks for it, and is of that moment.
    staleTime: "static",
    gcTime: 60_000,
  });
}

/** Provisions an object now; every step that was taken, also of the members of a group. */
export async function provision(application: string, job: string, { id, type }: Selected): Promise<Entry[]> {
  const params = { path: { id: application, job } };
  const body = { parameters: [{ ruleId: "rule", subjects: [{ objectId: id, objectTypeName: type }] }] };
  const { value } = await answer(
    api.POST("/v1.0/servicePrincipals/{id}/synchronization/jobs/{job}/provisionOnDemand", { params, body }),
  );
  return (JSON.parse(value ?? "{}") as { entries?: Entry[] }).entries ?? [];
}

/** What came of the last comparison with the target; null where there was none. */
export function driftQuery(job: string) {
  return queryOptions({
    queryKey: ["jobs", "drift", job],
    queryFn: async ({ signal }): Promise<Drift | null> => {
      try {
        return await answer(api.GET("/provost/v1/jobs/{job}/drift", { params: { path: { job } }, signal }));
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return null;
        throw error;
      }
    },
  });
}

/** The differences that the last comparison found, page by page. */
export function findingsQuery(job: string, comparison: string) {
  return infiniteQueryOptions({
    queryKey: ["jobs", "drift", job, "findings", comparison],
    initialPageParam: "",
    queryFn: ({ pageParam, signal }): Promise<Page<Finding>> =>
      pageParam
        ? follow<Finding>(pageParam, signal)
        : answer(api.GET("/provost/v1/jobs/{job}/drift/findings", { params: { path: { job }, query: { $top: 200 } }, signal })),
    getNextPageParam: (page) => page["@odata.nextLink"],
  });
}

/** Begins a comparison with the target, which puts right what differs if asked to. */
export async function compare(job: string, repair: boolean): Promise<void> {
  await answer(api.POST("/provost/v1/jobs/{job}/drift", { params: { path: { job } }, body: { repair } }));
}
