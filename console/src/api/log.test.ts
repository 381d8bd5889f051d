import { expect, test } from "vitest";

import { fileAddress, filterOf } from "./log";

const now = new Date("2026-03-08T12:00:00Z");

test("filters are one condition after the other, of the last day unless said otherwise", () => {
  expect(filterOf({}, now)).toBe("activityDateTime ge 2026-03-07T12:00:00.000Z");
  expect(filterOf({ range: "all" }, now)).toBe("");
  expect(filterOf({ range: "custom", from: "2026-03-01T00:00", to: "2026-03-02T23:59", status: "failure" }, now)).toBe(
    "provisioningStatusInfo/status eq 'failure' and activityDateTime ge 2026-03-01T00:00:00Z and activityDateTime le 2026-03-02T23:59:59.999Z",
  );
});

test("what somebody types is found at both ends, and stays a text", () => {
  expect(filterOf({ range: "all", identity: " O'Brien " }, now)).toBe(
    "(contains(sourceIdentity/displayName,'O''Brien') or sourceIdentity/id eq 'O''Brien' or contains(targetIdentity/displayName,'O''Brien') or targetIdentity/id eq 'O''Brien')",
  );
});

test("a file has the same filter", () => {
  const address = new URL(fileAddress({ application: "1", range: "7d" }, "csv", now), "http://x");
  expect(address.searchParams.get("$filter")).toBe("servicePrincipal/id eq '1' and activityDateTime ge 2026-03-01T12:00:00.000Z");
  expect(address.searchParams.get("format")).toBe("csv");
});
