import { expect, test } from "vitest";

import { found, roleWords } from "./names";

test("a role says where it holds", () => {
  const role = { id: "1", role: "reportsReader", displayName: "Reports Reader" };
  expect(roleWords({ ...role, scope: { type: "installation" } })).toBe("Reports Reader");
  expect(roleWords({ ...role, scope: { type: "tenant", id: "2", name: "contoso" } })).toBe("Reports Reader of the tenant contoso");
  expect(roleWords({ ...role, scope: { type: "tenant", id: "2", name: null } })).toBe("Reports Reader of the tenant that is gone");
});

test("administrators are found by any of their names", () => {
  const about = { enabled: true, created: "", roles: [] };
  const ada = { ...about, id: "1", type: "person", displayName: "Ada", signInName: "lovelace@contoso.example" };
  const tool = { ...about, id: "2", type: "tool", displayName: "terraform", clientId: "2" };
  expect(found([ada, tool], "LOVE")).toEqual([ada]);
  expect(found([ada, tool], " ")).toEqual([ada, tool]);
});
