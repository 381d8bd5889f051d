import { createContext, use } from "react";

import type { Application } from "../../../api/applications";
import type { Job } from "../../../api/jobs";

export interface Opened {
  application: Application;
  /** Null where provisioning is not set up. */
  job: Job | null;
}

export const OpenedContext = createContext<Opened | undefined>(undefined);

/** The application whose pages are open. */
export function useApplication(): Opened {
  const opened = use(OpenedContext);
  if (!opened) throw new Error("This page is not within those of an application.");
  return opened;
}

/** The job of the application whose pages are open, for the pages that there are only with one. */
export function useJob(): Job {
  const { job } = useApplication();
  if (!job) throw new Error("Provisioning to this application is not set up.");
  return job;
}
