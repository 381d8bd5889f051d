import type { AppRoleAssignment, ProvisioningEntry } from "../../api/schema";

/** An application as far as a user is concerned. */
export interface Account {
  id: string;
  name: string;
  assigned: boolean;
  /** What provisioning did last. */
  last?: ProvisioningEntry;
}

interface Target { id?: string; displayName?: string }
interface StatusInfo { status?: string; errorInformation?: { reason?: string } }

export function targetOf(entry: ProvisioningEntry): { id: string; name: string } {
  const { id = "", displayName = id } = (entry.servicePrincipal ?? {}) as Target;
  return { id, name: displayName };
}

export function statusOf(entry: ProvisioningEntry): string {
  return (entry.provisioningStatusInfo as StatusInfo | null)?.status ?? "unknown";
}

export function reasonOf(entry: ProvisioningEntry): string | undefined {
  return (entry.provisioningStatusInfo as StatusInfo | null)?.errorInformation?.reason;
}

/** The applications that a user is assigned to or was provisioned to, each once, by name. Entries come newest first. */
export function accounts(assignments: AppRoleAssignment[], log: ProvisioningEntry[]): Account[] {
  const found = new Map<string, Account>();
  for (const { resourceId, resourceDisplayName } of assignments) {
    if (resourceId) found.set(resourceId, { id: resourceId, name: resourceDisplayName ?? resourceId, assigned: true });
  }
  for (const entry of log) {
    const { id, name } = targetOf(entry);
    const account = found.get(id) ?? { id, name, assigned: false };
    found.set(id, { ...account, last: account.last ?? entry });
  }
  return [...found.values()].sort((one, other) => one.name.localeCompare(other.name));
}
