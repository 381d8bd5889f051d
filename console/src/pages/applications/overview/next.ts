import type { NextCycle, Waiting } from "../../../api/schema";
import { count } from "../../../parts/format";
import type { LogSearch } from "../../logs/search";

function numbered(number: number, one: string, several: string): string {
  return `${count(number)} ${number === 1 ? one : several}`;
}

/** What the next cycle looks at, in a sentence. */
export function nextOf({ kind, goesOn, objects, changes, retries }: NextCycle): string {
  if (kind === "initial") return goesOn ? "The next cycle goes on with the initial one where it was." : "The next cycle looks at every object.";
  const parts = [
    objects > 0 && `${numbered(objects, "object", "objects")} for another configuration`,
    changes > 0 && numbered(changes, "change", "changes"),
    retries > 0 && `${numbered(retries, "object", "objects")} that failed`,
  ].filter((part) => part !== false);
  return parts.length === 0 ? "As it stands, the next cycle has nothing to do." : `The next cycle looks at ${parts.join(", ")}.`;
}

/** Something that waits. */
export interface Waits {
  name: string;
  number: number;
  /** Whether there are more. */
  more?: boolean;
  /** What its entries in the log are found by. */
  search?: LogSearch;
}

/** What waits; nothing of which there is none. */
export function waitingOf({ failed, references, staged, unanswered, changes, moreChanges }: Waiting): Waits[] {
  const all: Waits[] = [
    { name: "Failed, tried again later", number: failed, search: { status: "failure", range: "all" } },
    { name: "Held back by a guard", number: staged, search: { action: "stagedDelete", range: "all" } },
    { name: "Wait for their manager's account", number: references },
    { name: "Requests without an answer", number: unanswered },
    { name: "Changes not seen yet", number: changes, more: moreChanges },
  ];
  return all.filter(({ number }) => number > 0);
}
