import { expect, test } from "vitest";

import { readSearch } from "./search";
import { details, stages } from "./words";

test("an object's way has four steps, also those that it did not come to", () => {
  const step = (provisioningStepType: string, status: string) => ({ provisioningStepType, status, name: provisioningStepType, description: "" });
  const shown = stages([step("import", "success"), step("scoping", "success"), step("processing", "success"), step("export", "failure")], "Group");
  expect(shown.map(({ title, status, steps }) => [title, status, steps.length])).toEqual([
    ["Import group", "success", 1],
    ["Determine if group is in scope", "success", 1],
    ["Match group between source and target system", undefined, 0],
    ["Perform action", "failure", 2],
  ]);
});

test("details are shown as texts", () => {
  expect(details({ details: { a: "x", b: [1], c: null } })).toEqual([["a", "x"], ["b", "[1]"]]);
  expect(details({ details: null })).toEqual([]);
});

test("an address is read as far as it is known", () => {
  expect(readSearch({ status: "failure", action: "odd", from: "2026-03-01", to: "soon", identity: "", cycle: 5 })).toEqual({ status: "failure", from: "2026-03-01T00:00" });
});
