import { QueryClient } from "@tanstack/react-query";

import { ApiError, Unreachable } from "./errors";

/** One for the whole console. What a call refuses is not asked again; a server that is gone is, once it is back. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      networkMode: "always",
      retry: (failures, error) =>
        failures < 2 && !(error instanceof Unreachable) && !(error instanceof ApiError && error.status < 500),
    },
    mutations: { networkMode: "always", retry: false },
  },
});
