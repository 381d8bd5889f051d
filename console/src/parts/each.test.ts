import { expect, test } from "vitest";

import { each } from "./each";

test("what fails for one is told, and done for the others", async () => {
  const done: number[] = [];
  const outcome = await each([1, 2, 3], (one) => `user ${one}`, async (one) => {
    if (one === 2) throw new Error("no");
    done.push(one);
  });
  expect(done).toEqual([1, 3]);
  expect(outcome).toEqual({ done: 2, failures: [{ name: "user 2", error: new Error("no") }] });
});
