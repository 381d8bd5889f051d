import type { Entry, Step } from "../../api/log";

/** Words of the API as Entra shows them. */
const WORDS: Record<string, string> = {
  success: "Success", failure: "Failure", skipped: "Skipped", warning: "Warning",
  create: "Create", update: "Update", disable: "Disable", delete: "Delete", stagedDelete: "StagedDelete", other: "Other",
};

export function word(value: string | null | undefined): string {
  return WORDS[value ?? ""] ?? value ?? "";
}

type Color = "success" | "danger" | "warning" | "informative";
const COLORS: Record<string, Color> = { success: "success", failure: "danger", warning: "warning" };

export function colorOf(status: string | null | undefined): Color {
  return COLORS[status ?? ""] ?? "informative";
}

export function nameOf(entry: Entry): string {
  const { sourceIdentity, targetIdentity } = entry;
  return sourceIdentity?.displayName || targetIdentity?.displayName || sourceIdentity?.id || targetIdentity?.id || "The cycle";
}

/** One of the four steps that Entra shows, with what was done in it. */
export interface Stage {
  title: string;
  /** The weightiest of its steps; none where it was not come to. */
  status?: string;
  steps: Step[];
}

const STAGES: [(what: string) => string, string[]][] = [
  [(what) => `Import ${what}`, ["import"]],
  [(what) => `Determine if ${what} is in scope`, ["scoping"]],
  [(what) => `Match ${what} between source and target system`, ["matching"]],
  [() => "Perform action", ["processing", "referenceResolution", "export"]],
];
const WEIGHT = ["success", "skipped", "warning", "failure"];

/** The steps of an object's way, in the four that an administrator knows. */
export function stages(steps: Step[], type: string | null | undefined): Stage[] {
  const what = type === "Group" ? "group" : "user";
  return STAGES.map(([title, types]) => {
    const its = steps.filter((step) => types.includes(step.provisioningStepType ?? ""));
    const weights = its.map(({ status }) => WEIGHT.indexOf(status ?? ""));
    return { title: title(what), status: its.length > 0 ? WEIGHT[Math.max(...weights)] : undefined, steps: its };
  });
}

/** What a step saw and decided, as pairs to show. */
export function details(step: Step): [string, string][] {
  const given = step.details;
  if (typeof given !== "object" || given === null) return [];
  return Object.entries(given)
    .filter(([, value]) => value !== null && value !== "")
    .map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]);
}
