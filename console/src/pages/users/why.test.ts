import { expect, test } from "vitest";

import type { Job } from "../../api/jobs";
import type { PlannedChange } from "../../api/plans";
import { answerOf } from "./why";

const job = { id: "1", started: true } as Job;
const change = (action: string, id: string, more: Partial<PlannedChange> = {}): PlannedChange => ({
  action, status: "success", source: { id: "u", displayName: "Ada", identityType: "User" }, target: { id, displayName: "", identityType: "User" }, modified: [], ...more,
});
const error = (reason: string) => ({ errorCode: "x", errorCategory: "x", reason, recommendedAction: "do it" });
const sentence = (of: Job | null, planned?: PlannedChange) => answerOf("Ada", "App", of, planned).sentence;

test("the answer says whether there is an account, and why not", () => {
  expect(sentence(null)).toContain("not set up");
  expect(sentence(job, change("create", "new-1"))).toBe("Ada has no account yet; the next cycle creates it.");
  expect(sentence(job, change("other", "", { status: "skipped", error: error("not assigned to the application") }))).toBe("Ada has no account: not assigned to the application.");
  expect(sentence(job, change("other", "7"))).toBe("Ada has an account, and it is in line.");
  expect(answerOf("Ada", "App", job, change("create", "new-1", { status: "failure", error: error("userName is taken.") }))).toEqual({
    intent: "error", sentence: "Ada has no account: it cannot be provisioned. userName is taken.", advice: "do it",
  });
  expect(sentence({ ...job, started: false }, change("update", "7"))).toContain("The job is not started");
});
