import type { SchemaAttribute, SchemaExtension } from "../../api/tenants";

export const TYPES = ["string", "boolean", "integer", "decimal", "dateTime", "reference", "binary"];

/** An attribute as the form has it. */
export interface AttributeDraft {
  name: string;
  type: string;
  multiValued: boolean;
  required: boolean;
  caseExact: boolean;
  unique: boolean;
  indexed: boolean;
}

export const NEW_ATTRIBUTE: AttributeDraft = { name: "", type: "string", multiValued: false, required: false, caseExact: false, unique: false, indexed: false };

/** Clients filter by these by an index. */
export function canBeIndexed(type: string): boolean {
  return ["string", "integer", "reference"].includes(type);
}

/** What the form says, as RFC 7643 section 7 writes it. */
export function attributeOf(draft: AttributeDraft): SchemaAttribute {
  const { name, type, multiValued, required, caseExact, unique, indexed } = draft;
  return {
    name: name.trim(),
    type,
    multiValued,
    required,
    mutability: "readWrite",
    returned: "default",
    uniqueness: unique ? "server" : "none",
    ...(type === "string" && { caseExact }),
    ...(type === "reference" && { referenceTypes: ["external"] }),
    ...(indexed && canBeIndexed(type) && { indexed }),
  };
}

/** The extension with one attribute more, or in the place of the one of that name. */
export function withAttribute(extension: SchemaExtension, attribute: SchemaAttribute): SchemaExtension {
  return { ...extension, attributes: [...without(extension, attribute.name).attributes!, attribute] };
}

export function without(extension: SchemaExtension, name: string): SchemaExtension {
  return { ...extension, attributes: (extension.attributes ?? []).filter((attribute) => attribute.name.toLowerCase() !== name.toLowerCase()) };
}

/** What there is to know of an attribute, in words. */
export function aboutOf(attribute: SchemaAttribute): string {
  const words = [
    attribute.multiValued && "several values",
    attribute.required && "required",
    attribute.caseExact && "case-exact",
    attribute.uniqueness && attribute.uniqueness !== "none" && "unique",
    attribute.indexed && "indexed",
  ];
  return words.filter(Boolean).join(", ");
}
