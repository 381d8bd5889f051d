import type { AppRoleAssignment, ProvisioningEntry } from "../../api/schema";

/** An application as far as a user is concerned. */
export interface Account {
  id: string;
  name: string;
  assigned: boolean;
  /** What provisioning did last. */
  last?: ProvisioningEntry;
}

export function statusOf(entry: ProvisioningEntry): string {
  return entry.provisioningStatusInfo?.status ?? "unknown";
}

export function reasonOf(entry: ProvisioningEntry): string | undefined {
  return entry.provisioningStatusInfo?.errorInformation?.reason ?? undefined;
}

/** The applications that a user is assigned to or was provisioned to, each once, by name. Entries come newest first. */
export function accounts(assignments: AppRoleAssignment[], log: ProvisioningEntry[]): Account[] {
  const found = new Map<string, Account>();
  for (const { resourceId, resourceDisplayName } of assignments) {
    if (resourceId) found.set(resourceId, { id: resourceId, name: resourceDisplayName ?? resourceId, assigned: true });
  }
  for (const entry of log) {
    const { id, displayName } = entry.servicePrincipal ?? {};
    if (!id) continue;
    const name = displayName ?? id;
    const account = found.get(id) ?? { id, name, assigned: false };
    found.set(id, { ...account, last: account.last ?? entry });
  }
  return [...found.values()].sort((one, other) => one.name.localeCompare(other.name));
}
