import type { Drift, Finding } from "../../../api/plans";
import { count } from "../../../parts/format";

const KINDS: [keyof Drift["found"], string][] = [
  ["changedAttribute", "Changed attribute"],
  ["accountGone", "Account gone"],
  ["memberAdded", "Member added"],
  ["memberMissing", "Member missing"],
  ["unknownAccount", "Account that nobody provisioned"],
];

export function kindOf({ kind }: Finding): string {
  return KINDS.find(([name]) => name === kind)?.[1] ?? kind;
}

/** How many differences there are of each kind. */
export function kinds(drift: Drift): [string, string][] {
  return KINDS.filter(([kind]) => drift.found[kind] > 0).map(([kind, label]) => [label, count(drift.found[kind])]);
}

/** What came of a comparison, in a sentence. */
export function verdict(drift: Drift): string {
  const found = KINDS.reduce((sum, [kind]) => sum + drift.found[kind], 0);
  const compared = drift.compared === 1 ? "1 account was compared" : `${count(drift.compared)} accounts were compared`;
  if (found === 0) return `${compared}: the application holds what this job left there.`;
  return `${compared}: ${count(found)} ${found === 1 ? "difference" : "differences"}, of which a repair puts ${count(drift.repairable)} right.`;
}

export function value(of: unknown): string | undefined {
  if (of === null || of === undefined) return undefined;
  return typeof of === "string" ? of : JSON.stringify(of);
}
