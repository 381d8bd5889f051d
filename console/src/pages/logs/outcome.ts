import type { Cycle } from "../../api/schema";
import type { LogSearch } from "./search";

const FILTERS: Record<string, LogSearch> = {
  created: { status: "success", action: "create" },
  updated: { status: "success", action: "update" },
  disabled: { status: "success", action: "disable" },
  deleted: { status: "success", action: "delete" },
  failed: { status: "failure" },
  "held back": { action: "stagedDelete" },
};

/** What the log is searched for, to find what a cycle counted as an outcome. */
export function searchOfOutcome(outcome: string, { cycleId }: Pick<Cycle, "cycleId">): LogSearch {
  // Why somebody is skipped is told the first time, and not by each cycle.
  if (outcome === "skipped") return { status: "skipped", range: "all" };
  return { ...FILTERS[outcome], cycle: cycleId, range: "all" };
}

/** The same for the failures of an hour, of which the beginning is given. */
export function searchOfHour(hour: string): LogSearch {
  const [from, to] = [0, 59].map((minute) => new Date(Date.parse(hour) + minute * 60_000).toISOString().slice(0, 16));
  return { status: "failure", range: "custom", from, to };
}

/** What a list without an entry says. */
export function emptyWords({ status }: LogSearch): string {
  const further = status === "skipped" ? "Whoever was never in scope is not in the log: Provision on demand tells why." : "Choose a longer time, or fewer conditions.";
  return `The provisioning log has nothing of this. ${further}`;
}
