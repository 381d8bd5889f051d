import type { Job } from "../../api/jobs";
import type { PlannedChange } from "../../api/plans";

/** Why somebody has an account in an application, or has none. */
export interface Answer {
  intent: "success" | "info" | "warning" | "error";
  sentence: string;
  /** What to do if it is to be otherwise. */
  advice?: string;
}

/** A reason as a sentence. */
function sentence(reason: string | undefined): string {
  const text = reason?.trim() ?? "";
  return text === "" || /[.!?]$/.test(text) ? text : `${text}.`;
}

/** The answer from what provisioning the user on demand would do. */
export function answerOf(name: string, application: string, job: Job | null, change: PlannedChange | undefined): Answer {
  if (!job) return { intent: "warning", sentence: `Provisioning to ${application} is not set up: nobody has an account by it.` };
  const paused = job.started ? "" : " The job is not started: no cycle runs by itself.";
  if (!change) return { intent: "info", sentence: `Nothing is known of ${name} in ${application}, and nothing would be done.${paused}` };
  const { action, status, error, target } = change;
  const has = target.id !== "" && !target.id.startsWith("new-");
  const reason = sentence(error?.reason);
  // What the command line has for it has no place here.
  const advice = error?.recommendedAction?.replace(/ \(provost [^)]*\)/g, "") || undefined;
  if (status === "failure") {
    return { intent: "error", sentence: `${has ? `${name} has an account, but it` : `${name} has no account: it`} cannot be provisioned. ${reason}${paused}`, advice };
  }
  switch (action) {
    case "create":
      return { intent: "warning", sentence: `${name} has no account yet; the next cycle creates it.${paused}` };
    case "disable":
      return { intent: "warning", sentence: `${name} has an account, which the next cycle disables. ${reason}${paused}`, advice };
    case "delete":
      return { intent: "warning", sentence: `${name} has an account, which the next cycle deletes. ${reason}${paused}`, advice };
    case "stagedDelete":
      return { intent: "warning", sentence: `${name} has an account, which would be taken away: a guard holds that back. ${reason}`, advice };
    case "update":
      return { intent: "success", sentence: `${name} has an account, which the next cycle brings in line.${paused}` };
    default:
      if (error) return { intent: "info", sentence: `${has ? `${name} has an account that is left as it is` : `${name} has no account`}: ${reason}${paused}`, advice };
      return has
        ? { intent: "success", sentence: `${name} has an account, and it is in line.${paused}` }
        : { intent: "info", sentence: `${name} has no account, and nothing would be done.${paused}` };
  }
}
