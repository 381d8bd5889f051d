import { expect, test } from "vitest";

import { explanationOf, healthOf, reasonOf } from "./health";

test("health is told in a word, and failures of the last cycle with it", () => {
  expect(healthOf(null).word).toBe("Not set up");
  expect(healthOf({ status: "NotRun" }).word).toBe("Off");
  expect(healthOf({ status: "Quarantine" }).color).toBe("danger");
  const cycle = { failed: 2 } as NonNullable<Parameters<typeof healthOf>[0]>["lastCycle"];
  expect(healthOf({ status: "Active", lastCycle: cycle })).toEqual({ word: "On, with failures", color: "warning" });
  expect(healthOf({ status: "Active" }).word).toBe("On");
});

test("a reason of a later version is told by its code", () => {
  expect(reasonOf("TooManyDeletes")).toContain("more accounts");
  expect(reasonOf("SomethingNew")).toBe("SomethingNew");
});

test("what happened and what to do are sentences", () => {
  const error = { errorCode: "Unauthorized", errorCategory: "failure", reason: "the token is wrong", recommendedAction: "Renew it." };
  expect(explanationOf({ error, staged: false })).toBe("the token is wrong. Renew it.");
  expect(explanationOf({ error, staged: true })).toBe("the token is wrong.");
});
