import { expect, test } from "vitest";

import { quoted, searchFor, searchOr } from "./odata";

test("what somebody types stays one literal", () => {
  expect(quoted("O'Brien' or 1 eq 1")).toBe("'O''Brien'' or 1 eq 1'");
  expect(searchFor('say "hi" \\')).toBe('"say \\"hi\\" \\\\"');
  expect(searchFor("  ")).toBeUndefined();
});

test("a list is searched, or sorted and counted", () => {
  expect(searchOr(" ann", "displayName")).toEqual({ $search: '"ann"' });
  expect(searchOr(" ", "displayName desc")).toEqual({ $orderby: "displayName desc", $count: true });
});
