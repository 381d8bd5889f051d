import type { ImportReport, ImportedChange } from "../../api/imports";
import type { Difference } from "../../parts/Differences";
import { count } from "../../parts/format";

/** What a value looks like in a table. */
function shown(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === "string" ? value : JSON.stringify(value);
}

export function differencesOf(change: ImportedChange): Difference[] {
  return change.modifiedProperties.map(({ displayName, oldValue, newValue }) => ({ name: displayName, before: shown(oldValue), after: shown(newValue) }));
}

const VERBS: Record<string, string> = { create: "New", update: "Changed", addMember: "New member of" };

export function titleOf(change: ImportedChange): string {
  return `${VERBS[change.action] ?? change.action}${change.action === "addMember" ? " " : ": "}${change.name}`;
}

/** What a file comes to, in a few words each. */
export function summary(report: ImportReport): [string, string][] {
  const all: [string, number | null | undefined][] = [
    ["New", report.created],
    ["Changed", report.updated],
    ["Unchanged", report.unchanged],
    ["New memberships", report.membersAdded],
    ["Leaving", report.deleted],
    ["Leaving, but held back", report.held || undefined],
    ["Rows with an error", report.failed],
  ];
  return all.filter(([, number]) => number !== null && number !== undefined).map(([name, number]) => [name, count(number ?? 0)]);
}

/** Whether there is anything that an import would do. */
export function isAnything(report: ImportReport): boolean {
  return [report.created, report.updated, report.deleted, report.membersAdded, report.held].some((number) => (number ?? 0) > 0);
}
