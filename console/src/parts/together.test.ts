import { expect, test, vi } from "vitest";

import { together } from "./together";

const query = (data: unknown, error: unknown = null) => ({ data, error, refetch: vi.fn() });

test("several queries are read once each of them is", () => {
  expect(together(query([]), query(null)).data).toBe(true);
  expect(together(query([]), query(undefined)).data).toBeUndefined();
});

test("those that failed are read again, and no other", () => {
  const [good, bad, worse] = [query(1), query(undefined, "gone"), query(2, "stale")];
  const all = together(good, bad, worse);
  expect(all.error).toBe("gone");
  all.refetch();
  expect([good, bad, worse].map(({ refetch }) => refetch.mock.calls.length)).toEqual([0, 1, 1]);
});
