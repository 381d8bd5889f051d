import { expect, test } from "vitest";

import { differencesOf, pageOf, targetOf, whoOf, wordsOf } from "./entry";

const entry = {
  id: "1",
  activityDisplayName: "Update user",
  initiatedBy: { user: { id: "7", displayName: "Ada" } },
  targetResources: [{ id: "2", displayName: "Grace", type: "User", modifiedProperties: [{ displayName: "city", oldValue: null, newValue: "Paris" }] }],
};

test("an entry says who did what to whom", () => {
  expect([whoOf(entry), targetOf(entry).name]).toEqual(["Ada", "Grace"]);
  expect(differencesOf(entry)).toEqual([{ name: "city", before: null, after: "Paris" }]);
  expect(pageOf(entry)).toEqual({ to: "/users/$id", id: "2" });
  expect(pageOf({ ...entry, activityDisplayName: "Delete user" })).toBeUndefined();
  expect([whoOf({ id: "2" }), targetOf({ id: "2" }).name, differencesOf({ id: "2" })]).toEqual(["", "", []]);
});

test("a category is told in words", () => expect(wordsOf("TenantManagement")).toBe("Tenant management"));
