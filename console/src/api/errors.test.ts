import { expect, test } from "vitest";

import { ApiError, isDenied, wording } from "./errors";

const refused = (message: string) => new ApiError(403, "Authorization_RequestDenied", message, "What to do.");

test("what roles do not permit is told as that, with the roles that would do", () => {
  const error = refused("Insufficient privileges to complete the operation.");
  expect(isDenied(error)).toBe(true);
  expect(wording(error)).toEqual({ message: "Your roles do not permit this.", hint: "What to do." });
});

test("another refusal with the same code keeps its words, and can be tried again", () => {
  const error = refused("A change made with a session has to carry the session's csrfToken.");
  expect(isDenied(error)).toBe(false);
  expect(wording(error)).toEqual({ message: error.message, hint: "What to do." });
});
