import { expect, test } from "vitest";

import { kindOf, leaves, nameOf } from "./resource";

test("each value of a resource has the way to it", () => {
  const user = { id: "1", userName: "ada", active: true, emails: [{ value: "a@b.c", type: "work" }], "urn:x:User": { manager: { value: "2" } }, nickName: null };
  expect(leaves(user)).toEqual([
    ["id", "1"], ["userName", "ada"], ["active", "true"], ["emails[0].value", "a@b.c"], ["emails[0].type", "work"], ["urn:x:User.manager.value", "2"],
  ]);
  expect(nameOf(user)).toBe("ada");
});

test("a resource is in the list that its type says", () => {
  expect(["Group", "User"].map((resourceType) => kindOf({ id: "1", meta: { resourceType } }))).toEqual(["groups", "users"]);
});
