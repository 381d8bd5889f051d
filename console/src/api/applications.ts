import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { answer, api, follow, type Page } from "./client";
import { searchFor } from "./odata";
import type { Job, ServicePrincipal } from "./schema";

export type Application = ServicePrincipal;
export type { Job };

const PAGE = 100;

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

/** The job of an application, with its state; null where provisioning is not set up. */
export function jobQuery(application: string) {
  return queryOptions({
    queryKey: ["applications", "one", application, "job"],
    queryFn: async ({ signal }): Promise<Job | null> => {
      const path = { id: application };
      const { value } = await answer(api.GET("/v1.0/servicePrincipals/{id}/synchronization/jobs", { params: { path }, signal }));
      const job = value[0]?.id;
      return job ? answer(api.GET("/provost/v1/jobs/{job}", { params: { path: { job } }, signal })) : null;
    },
  });
}
