import { expect, test } from "vitest";

import { roleWords } from "./names";

test("a role says where it holds", () => {
  const role = { id: "1", role: "reportsReader", displayName: "Reports Reader" };
  expect(roleWords({ ...role, scope: { type: "installation" } })).toBe("Reports Reader");
  expect(roleWords({ ...role, scope: { type: "tenant", id: "2", name: "contoso" } })).toBe("Reports Reader of the tenant contoso");
  expect(roleWords({ ...role, scope: { type: "tenant", id: "2", name: null } })).toBe("Reports Reader of the tenant that is gone");
});
