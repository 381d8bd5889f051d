import type { Application } from "../../../api/applications";

/** The role of whoever has none of the application's own. */
export const DEFAULT_ACCESS = "00000000-0000-0000-0000-000000000000";

/** A role that somebody is assigned with. */
export interface Role {
  id: string;
  name: string;
}

const NONE: Role = { id: DEFAULT_ACCESS, name: "Default Access" };

/** What can be chosen of an application: its own roles, or Default Access where it has none. */
export function rolesOf({ appRoles }: Pick<Application, "appRoles">): Role[] {
  const own = (appRoles ?? []).filter(({ isEnabled }) => isEnabled !== false);
  const roles = own.flatMap(({ id, displayName, value }) => (id ? [{ id, name: displayName ?? value ?? id }] : []));
  return roles.length > 0 ? roles : [NONE];
}

/** What a role is called, also one that is switched off. */
export function roleName({ appRoles }: Pick<Application, "appRoles">, id: string | null | undefined): string {
  if (!id || id === DEFAULT_ACCESS) return NONE.name;
  const role = appRoles?.find((known) => known.id === id);
  return role?.displayName ?? role?.value ?? id;
}
