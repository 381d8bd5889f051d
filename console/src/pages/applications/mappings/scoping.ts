import type { FilterOperator, ObjectMapping } from "../../../api/mappings";

/** One condition of a filter. */
export interface Clause {
  attribute: string;
  operator: string;
  value: string;
}

/** Clauses that all have to hold. */
export interface ScopingFilter {
  name: string;
  clauses: Clause[];
}

export const NEW_CLAUSE: Clause = { attribute: "", operator: "EQUALS", value: "" };

export function filtersOf(mapping: ObjectMapping): ScopingFilter[] {
  return (mapping.scope?.groups ?? []).map(({ name, clauses }) => ({
    name: name ?? "",
    clauses: (clauses ?? []).map(({ sourceOperandName, operatorName, targetOperand }) => ({
      attribute: sourceOperandName ?? "", operator: operatorName ?? "EQUALS", value: targetOperand?.values?.[0] ?? "",
    })),
  }));
}

/** Filters in Graph's form; none lets everybody pass. */
export function scopeOf(filters: ScopingFilter[], operators: FilterOperator[]): ObjectMapping["scope"] {
  if (filters.length === 0) return null;
  const groups = filters.map(({ name, clauses }) => ({
    name,
    clauses: clauses.map(({ attribute, operator, value }) => ({
      sourceOperandName: attribute,
      operatorName: operator,
      targetOperand: { values: takesValue(operators, operator) ? [value] : [] },
    })),
  }));
  return { groups, categoryFilterGroups: [], inputFilterGroups: [] };
}

export function takesValue(operators: FilterOperator[], operator: string): boolean {
  return operators.find(({ name }) => name === operator)?.arity !== "Unary";
}

/** A list with one element changed, or without it. */
export function replaced<T>(list: T[], at: number, by?: T): T[] {
  return by === undefined ? list.toSpliced(at, 1) : list.with(at, by);
}

/** Whether everything is filled in that the server needs to judge by the filters. */
export function complete(filters: ScopingFilter[]): boolean {
  return filters.every(({ clauses }) => clauses.length > 0 && clauses.every(({ attribute }) => attribute.trim() !== ""));
}
