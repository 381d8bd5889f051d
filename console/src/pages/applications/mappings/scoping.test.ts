import { expect, test } from "vitest";

import { complete, filtersOf, NEW_CLAUSE, replaced, scopeOf } from "./scoping";

const operators = [{ name: "EQUALS", arity: "Binary" }, { name: "IS NULL", arity: "Unary" }];

test("filters are written as they are read, and no value where none is taken", () => {
  const filters = [{ name: "Sales", clauses: [{ attribute: "department", operator: "EQUALS", value: "Sales" }, { attribute: "city", operator: "IS NULL", value: "left over" }] }];
  const scope = scopeOf(filters, operators);
  expect(scope?.groups?.[0]?.clauses?.[1]?.targetOperand).toEqual({ values: [] });
  expect(filtersOf({ scope })).toEqual([{ ...filters[0], clauses: [filters[0]!.clauses[0], { ...filters[0]!.clauses[1], value: "" }] }]);
  expect(scopeOf([], operators)).toBeNull();
  expect(filtersOf({ scope: null })).toEqual([]);
});

test("a clause without an attribute is not complete, nor a filter without clauses", () => {
  expect(complete([])).toBe(true);
  expect(complete([{ name: "", clauses: [NEW_CLAUSE] }])).toBe(false);
  expect(complete([{ name: "", clauses: [] }])).toBe(false);
});

test("one of a list is changed or taken out", () => {
  expect(replaced(["a", "b"], 1, "c")).toEqual(["a", "c"]);
  expect(replaced(["a", "b"], 0)).toEqual(["b"]);
});
