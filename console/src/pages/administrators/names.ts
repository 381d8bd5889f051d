import type { Role } from "../../api/administrators";

/** A role, and where it may hold, in the order of docs/administrators.md. */
export const ROLES: { role: string; name: string; scopes: ("installation" | "directory" | "tenant")[]; may: string }[] = [
  { role: "globalAdministrator", name: "Global Administrator", scopes: ["installation", "directory"], may: "Everything there; of the installation, also administrators." },
  { role: "operator", name: "Operator", scopes: ["installation"], may: "Tenants of the service provider, copies of the installation, and where jobs stand; no users, groups or logs of a directory." },
  { role: "applicationAdministrator", name: "Application Administrator", scopes: ["installation", "directory"], may: "Applications, assignments, jobs and mappings; reads users, groups and logs." },
  { role: "cloudApplicationAdministrator", name: "Cloud Application Administrator", scopes: ["installation", "directory"], may: "The same as an Application Administrator here." },
  { role: "reportsReader", name: "Reports Reader", scopes: ["installation", "directory", "tenant"], may: "Reads logs and where jobs stand." },
  { role: "tenantAdministrator", name: "Tenant Administrator", scopes: ["tenant"], may: "Settings, tokens, schema extensions and requests of one tenant, and who is provisioned there." },
];

/** A role with where it holds. */
export function roleWords({ displayName, scope }: Role): string {
  if (scope.type === "installation") return displayName;
  return `${displayName} of ${scope.type === "directory" ? "the directory" : "the tenant"} ${scope.name ?? "that is gone"}`;
}
