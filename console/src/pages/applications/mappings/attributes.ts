import type { AttributeDefinition, ObjectName, Schema } from "../../../api/mappings";

type End = "source" | "target";

/** The attributes that an object has at one end of a schema. */
export function attributesOf(schema: Schema, end: End, object: ObjectName): AttributeDefinition[] {
  const rule = schema.synchronizationRules?.[0];
  const name = end === "source" ? rule?.sourceDirectoryName : rule?.targetDirectoryName;
  const directory = schema.directories?.find((it) => it.name === name);
  const found = directory?.objects?.find((it) => it.name === object || it.name?.endsWith(`:${object}`));
  return found?.attributes ?? [];
}

/** Their names in order, without those that only the other side writes. */
export function namesOf(attributes: AttributeDefinition[]): string[] {
  const names = attributes.filter((it) => it.mutability !== "ReadOnly").map((it) => it.name ?? "");
  return [...new Set(names)].sort((one, other) => one.localeCompare(other));
}

/** Names that contain what was typed; all where it is one of them already. */
export function suggestions(names: string[], typed: string): string[] {
  const wanted = typed.trim().toLowerCase();
  return names.some((name) => name.toLowerCase() === wanted) ? names : names.filter((name) => name.toLowerCase().includes(wanted));
}
