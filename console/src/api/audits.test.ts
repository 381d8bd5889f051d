import { expect, test } from "vitest";

import { filterOf } from "./audits";

test("a filter has what was chosen, and what was typed stays one literal", () => {
  expect(filterOf({ search: " ", category: "", since: "" })).toBeUndefined();
  expect(filterOf({ search: "O'Brien", category: "UserManagement", since: "2026-03-01" })).toBe(
    "category eq 'UserManagement' and activityDateTime ge 2026-03-01T00:00:00Z and " +
      "(contains(activityDisplayName,'O''Brien') or contains(initiatedBy/user/displayName,'O''Brien') or " +
      "targetResources/any(t:contains(t/displayName,'O''Brien')))",
  );
});
