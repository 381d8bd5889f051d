import { expect, test } from "vitest";

import { quoted, searchFor } from "./odata";

test("what somebody types stays one literal", () => {
  expect(quoted("O'Brien' or 1 eq 1")).toBe("'O''Brien'' or 1 eq 1'");
  expect(searchFor('say "hi" \\')).toBe('"say \\"hi\\" \\\\"');
  expect(searchFor("  ")).toBeUndefined();
});
