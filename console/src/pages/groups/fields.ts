import type { Group } from "../../api/groups";

export type Draft = Partial<Record<"displayName" | "description" | "mailNickname", string>>;

/** What a draft changes of a group; an emptied field takes the value away. */
export function changes(draft: Draft, group: Partial<Group>): Partial<Group> {
  const entries = Object.entries(draft) as [keyof Draft, string][];
  const changed = entries.filter(([property, text]) => text.trim() !== (group[property] ?? ""));
  return Object.fromEntries(changed.map(([property, text]) => [property, text.trim() || null]));
}
