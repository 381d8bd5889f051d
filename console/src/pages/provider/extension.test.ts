import { expect, test } from "vitest";

import { aboutOf, attributeOf, NEW_ATTRIBUTE, without, withAttribute } from "./extension";

test("an attribute is written as the RFC has it", () => {
  const badge = attributeOf({ ...NEW_ATTRIBUTE, name: " badge ", unique: true, indexed: true });
  expect(badge).toMatchObject({ name: "badge", type: "string", uniqueness: "server", indexed: true, caseExact: false });
  expect(attributeOf({ ...NEW_ATTRIBUTE, name: "on", type: "boolean", indexed: true })).not.toHaveProperty("indexed");
  expect(attributeOf({ ...NEW_ATTRIBUTE, name: "link", type: "reference" }).referenceTypes).toEqual(["external"]);
  expect(aboutOf(badge)).toBe("unique, indexed");
});

test("attributes are added, replaced and removed by name", () => {
  const extension = { id: "urn:a", attributes: [{ name: "badge" }, { name: "desk" }] };
  expect(withAttribute(extension, { name: "BADGE", type: "integer" }).attributes).toEqual([{ name: "desk" }, { name: "BADGE", type: "integer" }]);
  expect(without(extension, "desk").attributes).toEqual([{ name: "badge" }]);
  expect(withAttribute({ id: "urn:b" }, { name: "x" }).attributes).toEqual([{ name: "x" }]);
});
