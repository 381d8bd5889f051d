import type { Job } from "../../api/jobs";
import type { Quarantine } from "../../api/schema";

type Color = "success" | "danger" | "warning" | "informative" | "brand";

/** Where a job stands, in a word. */
export interface Health {
  word: string;
  color: Color;
}

/** The health of a job; of an application without one where there is none. */
export function healthOf(job: Pick<Job, "status" | "lastCycle"> | null | undefined): Health {
  switch (job?.status) {
    case undefined:
      return { word: "Not set up", color: "informative" };
    case "Running":
      return { word: "Running", color: "brand" };
    case "Quarantine":
      return { word: "Quarantine", color: "danger" };
    case "Active":
      return job?.lastCycle?.failed ? { word: "On, with failures", color: "warning" } : { word: "On", color: "success" };
    case "Paused":
      return { word: "Paused", color: "warning" };
    default:
      return { word: "Off", color: "informative" };
  }
}

const REASONS: Record<string, string> = {
  EncounteredBaseEscrowThreshold: "too many objects fail",
  EncounteredTotalEscrowThreshold: "too many objects and references fail",
  EncounteredEscrowProportionThreshold: "too large a part of the objects fails",
  EncounteredQuarantineException: "cycles cannot be completed",
  TooManyDeletes: "more accounts would be disabled or deleted than is allowed",
  TooManyRenames: "more accounts would be renamed than is allowed",
  TooManyMembershipRemovals: "more members would leave groups than is allowed",
  TooManyAccountsGone: "more accounts are gone from the application than is allowed",
  SourceShrank: "more users are gone from the directory than is allowed",
};

/** Why a job is in quarantine, as the end of a sentence. */
export function reasonOf(code: string): string {
  return REASONS[code] ?? code;
}

function sentence(text: string): string {
  const words = text.trim();
  return words === "" || /[.!?]$/.test(words) ? words : `${words}.`;
}

/** What happened to a job in quarantine and what to do about it, in sentences. What a guard holds back is reviewed here, not on the command line. */
export function explanationOf({ error, staged }: Pick<Quarantine, "error" | "staged">): string {
  return [error.reason, staged ? "" : error.recommendedAction].map(sentence).join(" ").trim();
}

const KINDS: Record<string, string> = { initial: "Initial cycle", incremental: "Incremental cycle", drift: "Comparison" };

/** What a cycle is called. */
export function cycleName(kind: string): string {
  return KINDS[kind] ?? "Cycle";
}

const ENDS: Record<string, string> = { running: "runs", completed: "completed", interrupted: "interrupted, and goes on where it was", quarantined: "ended in quarantine" };

/** How a cycle ended. */
export function cycleEnd(status: string): string {
  return ENDS[status] ?? status;
}
