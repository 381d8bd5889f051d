import { expect, test } from "vitest";

import type { AttributeMapping } from "../../../api/mappings";
import { actionsOf, affectedText, draftOf, flowTypes, mappingOf, matching, moved, numbered, problems, sourceText, withMapping } from "./mapping";

const direct = (target: string, name: string, matchingPriority = 0): AttributeMapping => ({
  targetAttributeName: target, source: { type: "Attribute", name, expression: `[${name}]`, parameters: [] }, flowType: "Always", matchingPriority,
});

test("actions are Graph's flow types, all of them where none are named", () => {
  expect(actionsOf({})).toEqual({ create: true, update: true, delete: true });
  expect(actionsOf({ flowTypes: "Add,Update" })).toEqual({ create: true, update: true, delete: false });
  expect(flowTypes({ create: false, update: false, delete: false })).toBe("None");
  expect(flowTypes({ create: true, update: false, delete: true })).toBe("Add, Delete");
});

test("a form shows a mapping and makes the same of it", () => {
  const constant: AttributeMapping = { ...direct("active", ""), source: { type: "Constant", name: "true", constant: true } as AttributeMapping["source"] };
  for (const mapping of [direct("userName", "mail", 2), constant]) {
    expect(mappingOf(draftOf(mapping), mapping)).toMatchObject({ targetAttributeName: mapping.targetAttributeName, matchingPriority: mapping.matchingPriority });
  }
  expect(mappingOf(draftOf(constant), constant).source).toBe(constant.source);
  const none = { ...direct("title", ""), source: null, defaultValue: "x" };
  expect(draftOf(none)).toMatchObject({ type: "None", defaultValue: "x" });
  expect(sourceText({ ...none, source: { type: "Function", expression: "Trim([a])" } })).toBe("Trim([a])");
});

test("what is missing is told at its field", () => {
  expect(problems(draftOf(undefined), [])).toMatchObject({ target: expect.any(String), attribute: expect.any(String) });
  expect(problems(draftOf(direct("userName", "mail")), ["USERNAME"])).toMatchObject({ target: expect.stringContaining("mapped already") });
  expect(problems(draftOf(direct("userName", "mail")), ["title"])).toEqual({});
});

test("matching is numbered, and moved one place at a time", () => {
  const mappings = [direct("a", "x", 5), direct("b", "x", 0), direct("c", "x", 2)];
  expect(matching(mappings).map((it) => it.targetAttributeName)).toEqual(["c", "a"]);
  expect(numbered(mappings).map((it) => it.matchingPriority)).toEqual([2, 0, 1]);
  expect(moved(mappings, mappings[0]!, -1).map((it) => it.matchingPriority)).toEqual([1, 0, 2]);
  expect(moved(mappings, mappings[0]!, 1)).toBe(mappings);
});

test("one mapping of a schema is replaced, and the attributes of both ends are not sent", () => {
  const schema = { directories: [], synchronizationRules: [{ id: "rule", objectMappings: [{ sourceObjectName: "User" }, { sourceObjectName: "Group" }] }] };
  const changed = withMapping(schema, { sourceObjectName: "Group", enabled: false });
  expect(JSON.parse(JSON.stringify(changed))).toEqual({
    synchronizationRules: [{ id: "rule", objectMappings: [{ sourceObjectName: "User" }, { sourceObjectName: "Group", enabled: false }] }],
  });
});

test("what a change costs is told", () => {
  expect(affectedText(0, false)).toContain("nothing");
  expect(affectedText(1, false)).toContain("1 user or group");
  expect(affectedText(1200, true)).toContain("all 1,200 users and groups");
});
