import { expect, test } from "vitest";

import { Rows } from "./rows";

test("rows are those of all pages in their order", () => {
  const rows = new Rows([{ value: ["a", "b"] }, { value: [] }, { value: ["c"] }, { value: [] }, { value: ["d", "e", "f"] }]);
  expect(rows.length).toBe(6);
  expect([-1, 0, 1, 2, 3, 4, 5, 6].map((index) => rows.at(index))).toEqual([undefined, "a", "b", "c", "d", "e", "f", undefined]);
  expect(new Rows().at(0)).toBeUndefined();
});
