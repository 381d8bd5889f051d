import { expect, test } from "vitest";

import { DEFAULT_ACCESS, roleName, rolesOf } from "./roles";

const appRoles = [
  { id: "1", displayName: "User", isEnabled: true },
  { id: "2", value: "admin", isEnabled: false },
];

test("an application's own roles can be chosen, and Default Access only where it has none", () => {
  expect(rolesOf({ appRoles })).toEqual([{ id: "1", name: "User" }]);
  expect(rolesOf({ appRoles: [] })).toEqual([{ id: DEFAULT_ACCESS, name: "Default Access" }]);
});

test("a role that can no longer be chosen keeps its name", () => {
  expect(["1", "2", "3", DEFAULT_ACCESS].map((id) => roleName({ appRoles }, id))).toEqual(["User", "admin", "3", "Default Access"]);
});
