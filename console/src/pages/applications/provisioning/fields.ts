import type { Problems, Settings } from "./settings";

/** What a part of the form is given. */
export interface Fields {
  /** As it is saved. */
  saved: Settings;
  /** As it is typed. */
  now: Settings;
  change: (part: Partial<Settings>) => void;
  problems: Problems;
  /** Why the server refused to save. */
  error: unknown;
  readOnly: boolean;
}

/** How a field shows that something is wrong with it. */
export function problem(text: string | undefined): { validationState?: "error"; validationMessage?: string } {
  return text ? { validationState: "error", validationMessage: text } : {};
}
