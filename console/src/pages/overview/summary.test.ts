import { expect, test } from "vitest";

import { factsOf, ordered } from "./summary";

test("what needs somebody comes first, then the names", () => {
  const job = (status: string, servicePrincipalDisplayName: string) => ({ status, servicePrincipalDisplayName });
  const found = ordered([job("Active", "B"), job("Odd", "D"), job("Active", "A"), job("Quarantine", "Z"), job("Running", "C")]);
  expect(found.map((it) => it.servicePrincipalDisplayName)).toEqual(["Z", "C", "A", "B", "D"]);
});

test("a job that is off and in quarantine counts for the quarantine alone", () => {
  const quarantine = {} as NonNullable<Parameters<typeof factsOf>[1][number]["quarantine"]>;
  expect(factsOf({ users: 2, groups: 1 }, [{ started: false, quarantine }, { started: true }]).map(([, number]) => number)).toEqual([2, 1, 1, 0, 1]);
});
