import { expect, test } from "vitest";

import { found, inserted, mark, signature } from "./expression";

test("the mark stands below what is wrong, on its line", () => {
  expect(mark("Trim([mial])", 5, 11)).toEqual({ line: "Trim([mial])", below: "     ^^^^^^" });
  expect(mark("Join(\n\t[a],\n  [b)", 10, 11)).toEqual({ line: "\t[a],", below: "\t   ^" });
  expect(mark('Join("😀", x', 11, 11)).toEqual({ line: 'Join("😀", x', below: "           ^" });
  expect(mark("", 0, 0)).toEqual({ line: "", below: "^" });
});

test("a function is shown with what may be left out and repeated", () => {
  const join = {
    name: "Join",
    summary: "Texts in one",
    parameters: [
      { name: "separator", required: true, allowMultipleOccurrences: false, type: "String" },
      { name: "source", required: false, allowMultipleOccurrences: true, type: "String" },
    ],
  };
  expect(signature(join)).toBe("Join(separator, [source], ...)");
  expect(found([join], "IN ONE")).toEqual([join]);
  expect(found([join], "left")).toEqual([]);
});

test("what is inserted takes the place of what is selected", () => {
  expect(inserted("Trim(x)", [5, 6], "[mail]")).toEqual({ text: "Trim([mail])", caret: 11 });
});
