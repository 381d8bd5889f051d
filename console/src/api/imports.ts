import { queryOptions } from "@tanstack/react-query";

import { answer, api, raw } from "./client";
import { errorOf } from "./errors";
import { events } from "./events";
import type { ImportPlan, ImportReport, ImportRun, ImportSchedule, ImportedChange } from "./schema";

export type { ImportPlan, ImportReport, ImportRun, ImportSchedule, ImportedChange };
export type ImportKind = "users" | "groups";

/** How a file is imported. */
export interface ImportOptions {
  dryRun: boolean;
  /** All rows or none. */
  atomic: boolean;
  /** The file names everybody: who is not in it leaves. */
  snapshot: boolean;
  /** That so many may leave, whatever share they are. */
  allowLeavers?: number;
}

/** How far the server is with a file, in bytes. */
export interface ImportProgress {
  read: number;
  size: number;
}

/** Sends a file, and follows its import to the end. */
export async function importFile(
  kind: ImportKind,
  file: Blob,
  options: ImportOptions,
  onProgress: (progress: ImportProgress) => void,
  signal: AbortSignal,
): Promise<ImportReport> {
  const given = Object.entries(options).filter(([, value]) => value !== undefined && value !== false);
  const query = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
  const headers = { "Content-Type": "text/csv", Accept: "text/event-stream" };
  const response = await raw(`/provost/v1/${kind}/import?${query}`, { method: "POST", headers, body: file, signal });
  for await (const { name, data } of events(response)) {
    const value: unknown = JSON.parse(data);
    if (name === "progress") onProgress(value as ImportProgress);
    if (name === "report") return value as ImportReport;
    if (name === "error") throw errorOf(response, value);
  }
  throw new Error("The connection ended before the import did. Import the file again: what is in place already stays as it is.");
}

export const scheduleQuery = queryOptions({
  queryKey: ["imports", "schedule"],
  queryFn: ({ signal }): Promise<ImportSchedule> => answer(api.GET("/provost/v1/users/import/schedule", { signal })),
});

export async function setSchedule(plan: ImportPlan): Promise<void> {
  await answer(api.PUT("/provost/v1/users/import/schedule", { body: plan }));
}

export async function removeSchedule(): Promise<void> {
  await answer(api.DELETE("/provost/v1/users/import/schedule"));
}

export function runSchedule(): Promise<ImportRun> {
  return answer(api.POST("/provost/v1/users/import/schedule/run"));
}
