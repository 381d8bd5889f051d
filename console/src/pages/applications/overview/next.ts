import type { NextCycle, Waiting } from "../../../api/schema";
import { count } from "../../../parts/format";

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

/** What waits, each with its number; nothing that does not. */
export function waitingOf({ failed, references, staged, unanswered, changes, moreChanges }: Waiting): [string, string][] {
  const all: [string, number, string][] = [
    ["Failed, tried again later", failed, count(failed)],
    ["Held back by a guard", staged, count(staged)],
    ["Wait for their manager's account", references, count(references)],
    ["Requests without an answer", unanswered, count(unanswered)],
    ["Changes not seen yet", changes, moreChanges ? `more than ${count(changes)}` : count(changes)],
  ];
  return all.flatMap(([name, number, text]) => (number > 0 ? [[name, text]] : []));
}
