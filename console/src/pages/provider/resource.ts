import type { Provisioned, ProvisionedKind } from "../../api/tenants";

export function nameOf(resource: Provisioned): string {
  return resource.displayName ?? resource.userName ?? resource.id;
}

/** In which list a resource is. */
export function kindOf({ meta }: Provisioned): ProvisionedKind {
  const type = (meta as { resourceType?: unknown } | undefined)?.resourceType;
  return type === "Group" ? "groups" : "users";
}

/** Each value of a resource with the way to it: `emails[0].value`. */
export function leaves(value: unknown, path = ""): [string, string][] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value.flatMap((one, index) => leaves(one, `${path}[${index}]`));
  if (typeof value !== "object") return [[path, String(value)]];
  return Object.entries(value).flatMap(([name, one]) => leaves(one, path && (name.includes(":") ? name : `${path}.${name}`) || name));
}
