import { queryOptions } from "@tanstack/react-query";

import { answer, api } from "./client";
import type { Status } from "./schema";

export type { Status };

/** Where the server stands. */
export const statusQuery = queryOptions({
  queryKey: ["status"],
  queryFn: ({ signal }): Promise<Status> => answer(api.GET("/provost/v1/status", { signal })),
  refetchInterval: 60_000,
});
