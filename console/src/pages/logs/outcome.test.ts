import { expect, test } from "vitest";

import { filterOf } from "../../api/log";
import { searchOfHour, searchOfOutcome } from "./outcome";
import { readSearch } from "./search";

const now = new Date("2026-03-08T12:00:00Z");

test("what a cycle counted is what its entries are found by", () => {
  expect(filterOf(searchOfOutcome("failed", { cycleId: "1" }), now)).toBe("cycleId eq '1' and provisioningStatusInfo/status eq 'failure'");
  expect(filterOf(searchOfOutcome("disabled", { cycleId: "1" }), now)).toBe(
    "cycleId eq '1' and provisioningStatusInfo/status eq 'success' and provisioningAction eq 'disable'",
  );
});

test("the failures of an hour are those from its first minute to its last", () => {
  const search = searchOfHour("2026-03-08T23:00:00Z");
  expect(filterOf(search, now)).toBe(
    "provisioningStatusInfo/status eq 'failure' and activityDateTime ge 2026-03-08T23:00:00Z and activityDateTime le 2026-03-08T23:59:59.999Z",
  );
  expect(readSearch({ ...search })).toMatchObject(search);
});

test("an address with days means all of them", () => {
  expect(readSearch({ range: "custom", from: "2026-03-01", to: "2026-03-02", entry: 5 })).toMatchObject({ from: "2026-03-01T00:00", to: "2026-03-02T23:59", entry: undefined });
  expect(readSearch({ from: "yesterday", to: "2026-03-02T1" })).toMatchObject({ from: undefined, to: undefined });
});
