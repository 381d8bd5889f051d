import { expect, test } from "vitest";

import type { PlannedChange } from "../../../api/plans";
import { chosen, counted, differences } from "./changes";

const change = (action: string, displayName: string, status = "success"): PlannedChange => ({
  action, status, source: { id: displayName, displayName, identityType: "User" }, target: { id: "", displayName: "", identityType: "User" }, modified: [],
});

test("the weightiest action comes first, and what would fail is none of them", () => {
  const changes = [change("create", "Ada"), change("create", "Bob"), change("delete", "Cleo"), change("create", "Dan", "failure")];
  expect(counted(changes)).toEqual([["failure", 1], ["delete", 1], ["create", 2]]);
  expect(chosen(changes, "create", "ad").map(({ source }) => source.id)).toEqual(["Ada"]);
  expect(chosen(changes, undefined, "").length).toBe(4);
});

test("values are shown as texts, and what is not there as nothing", () => {
  const modified = [{ attribute: "active", old: null, new: true }, { attribute: "title", old: "x", new: null }];
  expect(differences({ ...change("update", "Ada"), modified })).toEqual([
    { name: "active", before: undefined, after: "true" },
    { name: "title", before: "x", after: undefined },
  ]);
});
