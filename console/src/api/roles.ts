import type { Session } from "./schema";

/** What a page is about, as in the table of docs/administrators.md. */
export type Area = "directory" | "applications" | "logs" | "status" | "tenant" | "tenants" | "administrators";

const EVERYTHING: Area[] = ["directory", "applications", "logs", "status", "tenant", "tenants", "administrators"];
const APPLICATIONS = { read: ["directory", "applications", "logs", "status"], write: ["applications"] } as const;

/** What each role permits. The server decides; the console only leaves out what it would refuse. */
const PERMITS: Record<string, { read: readonly Area[]; write: readonly Area[] }> = {
  globalAdministrator: { read: EVERYTHING, write: EVERYTHING },
  operator: { read: ["status", "tenant", "tenants"], write: ["tenant", "tenants"] },
  applicationAdministrator: APPLICATIONS,
  cloudApplicationAdministrator: APPLICATIONS,
  reportsReader: { read: ["logs", "status"], write: [] },
  tenantAdministrator: { read: ["tenant"], write: ["tenant"] },
};

/** In which scopes an area lies. */
function holds(area: Area, scope: string): boolean {
  if (scope === "installation") return true;
  if (scope === "tenant") return area === "tenant";
  return area === "directory" || area === "applications" || area === "logs" || area === "status";
}

/** Whether somebody may read or write what an area is about, somewhere. */
export function may(session: Session, access: "read" | "write", area: Area): boolean {
  return session.roles.some((role) => holds(area, role.scope.type) && PERMITS[role.role]?.[access].includes(area));
}
