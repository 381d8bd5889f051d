import { expect, test } from "vitest";

import type { ImportReport } from "../../api/imports";
import { differencesOf, isAnything, summary, titleOf } from "./preview";

const report: ImportReport = { created: 1, updated: 2, unchanged: 1_000, failed: 0, held: 12, deleted: 0, errors: [], ignoredColumns: [], imported: false };

test("a report is told in numbers, and what it is not about is left out", () => {
  expect(summary(report)).toEqual([["New", "1"], ["Changed", "2"], ["Unchanged", "1,000"], ["Leaving", "0"], ["Leaving, but held back", "12"], ["Rows with an error", "0"]]);
  expect(isAnything(report)).toBe(true);
  expect(isAnything({ ...report, created: 0, updated: 0, held: 0 })).toBe(false);
});

test("a change has its differences as text", () => {
  const change = { line: 2, action: "addMember", name: "Sales", modifiedProperties: [{ displayName: "member", oldValue: null, newValue: "Ada" }, { displayName: "accountEnabled", oldValue: true, newValue: false }] };
  expect(titleOf(change)).toBe("New member of Sales");
  expect(differencesOf(change)).toEqual([{ name: "member", before: null, after: "Ada" }, { name: "accountEnabled", before: "true", after: "false" }]);
});
