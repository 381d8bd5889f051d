import { type Area, may, type Session } from "../../api/session";

const TABS: { path: string; label: string; area: Area }[] = [
  { path: "", label: "Connection", area: "tenant" },
  { path: "/requests", label: "Last requests", area: "tenantLogs" },
  { path: "/provisioned/users", label: "Users", area: "tenant" },
  { path: "/provisioned/groups", label: "Groups", area: "tenant" },
  { path: "/schemas", label: "Schema extensions", area: "tenant" },
  { path: "/webhooks", label: "Webhooks", area: "tenant" },
  { path: "/settings", label: "Settings", area: "tenant" },
  { path: "/audit", label: "Audit log", area: "tenantLogs" },
];

/** The pages of a tenant that somebody may read. */
export function tabsOf(session: Session) {
  return TABS.filter(({ area }) => may(session, "read", area));
}

/** The page that an address below a tenant belongs to. */
export function tabAt(here: string): string {
  return TABS.find(({ path }) => path === here || (path !== "" && here.startsWith(`${path}/`)))?.path ?? here;
}
