import type { DirectoryAudit } from "../../api/audits";
import type { Difference } from "../../parts/Differences";

export function whoOf(entry: DirectoryAudit): string {
  return entry.initiatedBy?.user?.displayName ?? entry.initiatedBy?.user?.id ?? "";
}

export function targetOf(entry: DirectoryAudit): { name: string; type: string; id: string } {
  const { id, displayName, type } = entry.targetResources?.[0] ?? {};
  return { name: displayName ?? id ?? "", type: type ?? "", id: id ?? "" };
}

export function differencesOf(entry: DirectoryAudit): Difference[] {
  const changed = entry.targetResources?.flatMap(({ modifiedProperties }) => modifiedProperties ?? []) ?? [];
  return changed.map(({ displayName, oldValue, newValue }) => ({ name: displayName ?? "", before: oldValue, after: newValue }));
}

/** `UserManagement` as words: User management. */
export function wordsOf(category: string): string {
  const words = category.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** The page of what was changed, where there is one. */
export function pageOf(entry: DirectoryAudit): { to: "/users/$id" | "/groups/$id" | "/administrators/$id" | "/applications/$id" | "/connectors/scim/$tenant"; id: string } | undefined {
  const { type, id } = targetOf(entry);
  const pages = { User: "/users/$id", Group: "/groups/$id", Administrator: "/administrators/$id", ServicePrincipal: "/applications/$id", Tenant: "/connectors/scim/$tenant" } as const;
  const to = pages[type as keyof typeof pages];
  return to && id && !entry.activityDisplayName?.startsWith("Delete") ? { to, id } : undefined;
}
