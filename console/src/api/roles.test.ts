import { expect, test } from "vitest";

import { logsOf, may, ownTenants } from "./roles";
import type { Session } from "./schema";

function having(role: string, type: string): Session {
  return { id: "1", displayName: "Ada", roles: [{ id: "2", role, displayName: role, scope: { type } }] };
}

test("a role permits what it does where it holds, and nothing more", () => {
  expect(may(having("globalAdministrator", "installation"), "write", "administrators")).toBe(true);
  expect(may(having("globalAdministrator", "directory"), "write", "directory")).toBe(true);
  expect(may(having("globalAdministrator", "directory"), "read", "administrators")).toBe(false);
  expect(may(having("applicationAdministrator", "directory"), "write", "directory")).toBe(false);
  expect(may(having("applicationAdministrator", "directory"), "read", "directory")).toBe(true);
  expect(may(having("operator", "installation"), "read", "directory")).toBe(false);
  expect(may(having("tenantAdministrator", "tenant"), "write", "tenant")).toBe(true);
  expect(may(having("reportsReader", "tenant"), "read", "logs")).toBe(false);
  expect(may(having("roleOfALaterVersion", "installation"), "read", "logs")).toBe(false);
});

test("logs and tenants are those of one's roles", () => {
  expect(logsOf(having("reportsReader", "installation"))).toEqual(["directory", "installation"]);
  expect(logsOf(having("reportsReader", "directory"))).toEqual(["directory"]);
  expect(logsOf(having("tenantAdministrator", "tenant"))).toEqual([]);
  const role = { id: "2", role: "tenantAdministrator", displayName: "", scope: { type: "tenant", id: "7", name: "contoso" } };
  expect(ownTenants({ id: "1", displayName: "Ada", roles: [role, { ...role, id: "3", role: "reportsReader" }] })).toEqual([{ id: "7", name: "contoso" }]);
});
