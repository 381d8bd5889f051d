import type { PlannedChange } from "../../../api/plans";
import type { Difference } from "../../../parts/Differences";

/** A value as it stands in a table; undefined where there is none. */
export function text(value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  return typeof value === "string" ? value : JSON.stringify(value);
}

export function differences(change: PlannedChange): Difference[] {
  return change.modified.map(({ attribute, old, new: after }) => ({ name: attribute, before: text(old), after: text(after) }));
}

/** How many objects each action is planned for, in the order of the weightiest; failures are counted apart. */
export function counted(changes: PlannedChange[]): [action: string, count: number][] {
  const counts = new Map<string, number>();
  for (const change of changes) {
    const name = actionOf(change);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return ORDER.flatMap((action) => {
    const count = counts.get(action);
    return count ? [[action, count] as [string, number]] : [];
  });
}

const ORDER = ["failure", "delete", "stagedDelete", "disable", "create", "update", "other"];

/** What is planned for an object: the action, or that it would fail. */
export function actionOf({ action, status }: PlannedChange): string {
  return status === "failure" ? "failure" : ORDER.includes(action) ? action : "other";
}

export function nameOf({ source, target }: PlannedChange): string {
  return source.displayName || target.displayName || source.id || target.id || "The cycle";
}

/** Changes of an action (all without one) whose object a text is in. */
export function chosen(changes: PlannedChange[], action: string | undefined, search: string): PlannedChange[] {
  const wanted = search.trim().toLowerCase();
  return changes.filter((change) => (!action || actionOf(change) === action) && (!wanted || nameOf(change).toLowerCase().includes(wanted)));
}
