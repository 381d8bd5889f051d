import type { AttributeMapping, ObjectMapping, Schema } from "../../../api/mappings";
import { count } from "../../../parts/format";

/** What may be done to accounts (Entra: Target Object Actions). */
export interface Actions {
  create: boolean;
  update: boolean;
  delete: boolean;
}

const FLOWS: [keyof Actions, string][] = [["create", "Add"], ["update", "Update"], ["delete", "Delete"]];

/** Graph's `flowTypes`; where they are left out, all of them are meant. */
export function actionsOf(mapping: ObjectMapping): Actions {
  const flows = mapping.flowTypes?.split(",").map((flow) => flow.trim());
  const has = (name: string) => flows?.includes(name) ?? true;
  return { create: has("Add"), update: has("Update"), delete: has("Delete") };
}

export function flowTypes(actions: Actions): string {
  return FLOWS.filter(([action]) => actions[action]).map(([, name]) => name).join(", ") || "None";
}

export function objectMappings(schema: Schema): ObjectMapping[] {
  return schema.synchronizationRules?.[0]?.objectMappings ?? [];
}

/** The schema with another mapping of an object. Attributes of both ends are left out: they are not what is changed. */
export function withMapping(schema: Schema, mapping: ObjectMapping): Schema {
  const [rule] = schema.synchronizationRules ?? [];
  const mappings = objectMappings(schema).map((it) => (it.sourceObjectName === mapping.sourceObjectName ? mapping : it));
  return { ...schema, directories: undefined, synchronizationRules: [{ ...rule, objectMappings: mappings }] };
}

export type MappingType = "Direct" | "Constant" | "Expression" | "None";

export const APPLY: [string, string][] = [
  ["Always", "Always"],
  ["ObjectAddOnly", "Only during object creation"],
  ["MultiValueAddOnly", "Only add values"],
  ["ValueAddOnly", "Only where there is no value"],
  ["AttributeAddOnly", "Only where there is no attribute"],
];

export function applyLabel(flowType: string | null | undefined): string {
  return APPLY.find(([value]) => value === (flowType ?? "Always"))?.[1] ?? flowType ?? "Always";
}

/** An attribute mapping as a form edits it: every type keeps what was typed for it. */
export interface AttributeDraft {
  target: string;
  type: MappingType;
  attribute: string;
  constant: string;
  expression: string;
  defaultValue: string;
  apply: string;
  /** Whether objects are matched by it. */
  matches: boolean;
  flowNull: boolean;
}

export function typeOf({ source }: AttributeMapping): MappingType {
  switch (source?.type) {
    case undefined: case null: return "None";
    case "Constant": return "Constant";
    case "Function": return "Expression";
    default: return "Direct";
  }
}

/** What stands in the table for where a value comes from. */
export function sourceText(mapping: AttributeMapping): string {
  const { source } = mapping;
  switch (typeOf(mapping)) {
    case "None": return "";
    case "Constant": return `"${source?.name ?? ""}"`;
    case "Expression": return source?.expression ?? "";
    case "Direct": return source?.name ?? "";
  }
}

export function draftOf(mapping: AttributeMapping | undefined): AttributeDraft {
  const type = mapping ? typeOf(mapping) : "Direct";
  const { name, expression } = mapping?.source ?? {};
  return {
    target: mapping?.targetAttributeName ?? "",
    type,
    attribute: type === "Direct" ? name ?? "" : "",
    constant: type === "Constant" ? name ?? "" : "",
    expression: type === "Expression" ? expression ?? "" : "",
    defaultValue: mapping?.defaultValue ?? "",
    apply: mapping?.flowType ?? "Always",
    matches: (mapping?.matchingPriority ?? 0) > 0,
    flowNull: mapping?.flowNull ?? false,
  };
}

/** The mapping that a form describes; what the form does not show stays as it was. A new match comes after the others. */
export function mappingOf(draft: AttributeDraft, before: AttributeMapping | undefined): AttributeMapping {
  const unchanged = before && draft.type === "Constant" && typeOf(before) === "Constant" && before.source?.name === draft.constant;
  return {
    ...before,
    targetAttributeName: draft.target.trim(),
    source: unchanged ? before.source : sourceOf(draft),
    defaultValue: draft.defaultValue || null,
    flowType: draft.apply,
    flowNull: draft.flowNull,
    matchingPriority: draft.matches ? before?.matchingPriority || LAST : 0,
  };
}

/** Behind every precedence there is, until they are numbered. */
const LAST = 1_000_000;

function sourceOf({ type, attribute, constant, expression }: AttributeDraft): AttributeMapping["source"] {
  switch (type) {
    case "None": return null;
    case "Direct": return { type: "Attribute", name: attribute.trim() };
    case "Constant": return { type: "Constant", name: constant };
    case "Expression": return { type: "Function", expression: expression.trim() };
  }
}

/** What is wrong with a form before the server looks at it, by field. */
export function problems(draft: AttributeDraft, others: string[]): Partial<Record<keyof AttributeDraft, string>> {
  const found: Partial<Record<keyof AttributeDraft, string>> = {};
  const target = draft.target.trim();
  if (!target) found.target = "Choose the attribute that is written.";
  else if (others.some((other) => other.toLowerCase() === target.toLowerCase())) found.target = `${target} is mapped already: edit that mapping.`;
  if (draft.type === "Direct" && !draft.attribute.trim()) found.attribute = "Choose the attribute that is read.";
  if (draft.type === "Constant" && !draft.constant) found.constant = "Type the value, or choose None as the mapping type.";
  if (draft.type === "Expression" && !draft.expression.trim()) found.expression = "Write an expression.";
  if (draft.type === "None" && !draft.defaultValue) found.defaultValue = "Nothing would ever be written: type a default, or choose another type.";
  return found;
}

/** The mappings that objects are matched by, in the order in which they are tried. */
export function matching(mappings: AttributeMapping[]): AttributeMapping[] {
  return mappings.filter((it) => (it.matchingPriority ?? 0) > 0).sort((one, other) => one.matchingPriority! - other.matchingPriority!);
}

/** The same with precedences 1, 2, 3... in their order, some of which may be given anew. */
export function numbered(mappings: AttributeMapping[], order = matching(mappings)): AttributeMapping[] {
  return mappings.map((it) => {
    const at = order.indexOf(it);
    return at < 0 ? { ...it, matchingPriority: 0 } : { ...it, matchingPriority: at + 1 };
  });
}

/** Another place in the order of matching, one up or down. */
export function moved(mappings: AttributeMapping[], mapping: AttributeMapping, by: -1 | 1): AttributeMapping[] {
  const order = matching(mappings);
  const from = order.indexOf(mapping);
  const to = from + by;
  if (from < 0 || to < 0 || to >= order.length) return mappings;
  [order[from], order[to]] = [order[to]!, order[from]!];
  return numbered(mappings, order);
}

/** What the next cycle looks at after a change. */
export function affectedText(objects: number, everything: boolean): string {
  if (objects === 0) return "The next cycle has nothing to look at because of it.";
  const what = objects === 1 ? "1 user or group" : `${count(objects)} users and groups`;
  return everything ? `The next cycle is an initial one: it looks at all ${what}.` : `The next cycle looks at ${what} because of it.`;
}
