import { expect, test } from "vitest";

import { may } from "./roles";
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
