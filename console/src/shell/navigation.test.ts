import { expect, test } from "vitest";

import type { Session } from "../api/schema";
import { connectorLinks, homeOf, identityLinks } from "./navigation";

function having(role: string, type: string): Session {
  return { id: "1", displayName: "Ada", roles: [{ id: "2", role, displayName: role, scope: { type, id: "7", name: "contoso" } }] };
}

test("each role has a first page that it may read, and no page that it may not", () => {
  const admin = having("globalAdministrator", "installation");
  expect(identityLinks(admin).map(({ label }) => label)).toEqual(expect.arrayContaining(["Users", "Groups", "Audit log", "Administrators"]));
  expect(connectorLinks(admin).map(({ label }) => label)).toEqual(["SCIM"]);
  expect(identityLinks(having("globalAdministrator", "directory")).map(({ label }) => label)).not.toContain("Administrators");
  expect(identityLinks(having("reportsReader", "directory")).map(({ label }) => label)).not.toContain("Users");
  expect(homeOf(having("tenantAdministrator", "tenant"))).toBe("/connectors/scim");
  expect(identityLinks(having("tenantAdministrator", "tenant"))).toEqual([]);
  expect(homeOf({ id: "1", displayName: "Ada", roles: [] })).toBe("/password");
});
