import { expect, test } from "vitest";

import { durationOf, gradeOf, keysOf, operationOf } from "./request";

const request = { method: "GET", status: 200, target: "/tenants/contoso/api/scim/v2/Users?filter=a", at: "2026-03-01T00:00:00Z", durationMs: 1.234 };

test("an operation is told without the way to the tenant", () => {
  expect(operationOf(request)).toBe("GET /Users?filter=a");
  expect(operationOf({ ...request, target: "/api/scim/v2" })).toBe("GET /");
  expect(operationOf({ ...request, target: "/api/scim/Groups/1" })).toBe("GET /Groups/1");
});

test("durations and answers are told apart", () => {
  expect([1.234, 45.6, 2_345].map((durationMs) => durationOf({ ...request, durationMs }))).toEqual(["1.2 ms", "46 ms", "2.3 s"]);
  expect([204, 409, 500].map((status) => gradeOf({ ...request, status }))).toEqual(["success", "warning", "danger"]);
});

test("requests at the same time are two", () => expect(new Set(keysOf([request, request])).size).toBe(2));
