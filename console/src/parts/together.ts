/** As much of a query as tells whether it was read. */
interface Query {
  data?: unknown;
  error: unknown;
  refetch: () => unknown;
}

/** Several queries as one, for what needs them all: read once each is, and read again where one of them failed. */
export function together(...queries: Query[]): Query {
  const failed = queries.filter(({ error }) => error);
  return {
    data: queries.some(({ data }) => data === undefined) ? undefined : true,
    error: failed[0]?.error,
    refetch: () => failed.forEach(({ refetch }) => void refetch()),
  };
}
