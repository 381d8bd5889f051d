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
  expect(waitingOf(waiting)).toEqual([
    { name: "Failed, tried again later", number: 1200, search: { status: "failure", range: "all" } },
    { name: "Changes not seen yet", number: 1000, more: true },
  ]);
});
