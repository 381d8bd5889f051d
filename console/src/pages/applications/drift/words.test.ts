import { expect, test } from "vitest";

import type { Drift } from "../../../api/plans";
import { kinds, verdict } from "./words";

const none = { changedAttribute: 0, accountGone: 0, memberAdded: 0, memberMissing: 0, unknownAccount: 0 };
const drift = (found: Partial<Drift["found"]>, compared = 2): Drift => ({ found: { ...none, ...found }, compared, repairable: 1 }) as Drift;

test("a comparison is told in a sentence", () => {
  expect(verdict(drift({}, 1))).toBe("1 account was compared: the application holds what this job left there.");
  expect(verdict(drift({ accountGone: 1, unknownAccount: 2 }))).toBe("2 accounts were compared: 3 differences, of which a repair puts 1 right.");
  expect(kinds(drift({ accountGone: 1, unknownAccount: 1200 }))).toEqual([["Account gone", "1"], ["Account that nobody provisioned", "1,200"]]);
});
