import type { Editable } from "../../parts/drafts";

/** What one changes of a group. */
export const FIELDS: Editable<"displayName" | "description" | "mailNickname">[] = [
  { property: "displayName", label: "Group name", required: true },
  { property: "mailNickname", label: "Mail nickname" },
  { property: "description", label: "Group description", long: true },
];
