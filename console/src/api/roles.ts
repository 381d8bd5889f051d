import type { Session } from "./schema";

/** What a page is about, as in the table of docs/administrators.md. */
export type Area = "directory" | "applications" | "logs" | "status" | "tenant" | "tenants" | "tenantLogs" | "installationLogs" | "administrators";

const EVERYTHING: Area[] = ["directory", "applications", "logs", "status", "tenant", "tenants", "tenantLogs", "installationLogs", "administrators"];
const APPLICATIONS = { read: ["directory", "applications", "logs", "status"], write: ["applications"] } as const;

/** What each role permits. The server decides; the console only leaves out what it would refuse. */
const PERMITS: Record<string, { read: readonly Area[]; write: readonly Area[] }> = {
  globalAdministrator: { read: EVERYTHING, write: EVERYTHING },
  operator: { read: ["status", "tenant", "tenants", "tenantLogs", "installationLogs"], write: ["tenant", "tenants"] },
  applicationAdministrator: APPLICATIONS,
  cloudApplicationAdministrator: APPLICATIONS,
  reportsReader: { read: ["logs", "status", "tenantLogs", "installationLogs"], write: [] },
  tenantAdministrator: { read: ["tenant", "tenantLogs"], write: ["tenant"] },
};

/** In which scopes an area lies. */
function holds(area: Area, scope: string): boolean {
  if (scope === "installation") return true;
  if (scope === "tenant") return area === "tenant" || area === "tenantLogs";
  return area === "directory" || area === "applications" || area === "logs" || area === "status";
}

/** Whether somebody may read or write what an area is about, somewhere. */
export function may(session: Session, access: "read" | "write", area: Area): boolean {
  return session.roles.some((role) => holds(area, role.scope.type) && PERMITS[role.role]?.[access].includes(area));
}

/** The logs of what administrators did that somebody may read. */
export function logsOf(session: Session): ("directory" | "installation")[] {
  const logs = [["directory", "logs"], ["installation", "installationLogs"]] as const;
  return logs.filter(([, area]) => may(session, "read", area)).map(([log]) => log);
}

/** The tenants that somebody has a role of, and of no more than these. */
export function ownTenants(session: Session): { id: string; name: string }[] {
  const scopes = session.roles.map(({ scope }) => scope).filter(({ type, id, name }) => type === "tenant" && id && name);
  return [...new Map(scopes.map(({ id, name }) => [id!, { id: id!, name: name! }])).values()];
}
