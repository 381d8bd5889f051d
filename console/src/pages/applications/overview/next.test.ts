import { expect, test } from "vitest";

import { nextOf, waitingOf } from "./next";

const nothing = { kind: "incremental", goesOn: false, objects: 0, changes: 0, retries: 0 };

test("the next cycle is told in a sentence", () => {
  expect(nextOf({ ...nothing, kind: "initial", goesOn: true })).toContain("goes on");
  expect(nextOf(nothing)).toContain("nothing to do");
  expect(nextOf({ ...nothing, changes: 1, retries: 2 })).toBe("The next cycle looks at 1 change, 2 objects that failed.");
});

test("only what waits is told", () => {
  const waiting = { failed: 1200, retriesDue: 0, references: 0, staged: 0, unanswered: 0, changes: 1000, moreChanges: true };
  expect(waitingOf(waiting)).toEqual([["Failed, tried again later", "1,200"], ["Changes not seen yet", "more than 1,000"]]);
});
