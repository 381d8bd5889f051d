import type { Failures, Job } from "../../api/jobs";
import type { Status } from "../../api/status";

/** The numbers at the top. */
export function factsOf({ users, groups }: Pick<Status, "users" | "groups">, jobs: Pick<Job, "started" | "currentCycle" | "quarantine">[]): [string, number][] {
  return [
    ["Users", users],
    ["Groups", groups],
    ["Applications provisioned", jobs.filter((job) => job.started).length],
    ["Cycles running", jobs.filter((job) => job.currentCycle).length],
    ["In quarantine", jobs.filter((job) => job.quarantine).length],
  ];
}

const WEIGHT: Record<string, number> = { Quarantine: 0, Running: 1, Active: 2, Paused: 3 };

/** Jobs with what needs somebody first, then by name. */
export function ordered<T extends Pick<Job, "status" | "servicePrincipalDisplayName">>(jobs: T[]): T[] {
  const weight = ({ status }: T) => WEIGHT[status] ?? 4;
  return jobs.toSorted((one, other) => weight(one) - weight(other) || one.servicePrincipalDisplayName.localeCompare(other.servicePrincipalDisplayName));
}

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

/** The bars of the chart, named by the hour where somebody is. */
export function barsOf(failures: Failures[]): { name: string; value: number }[] {
  return failures.map(({ hour, count }) => ({ name: clock.format(new Date(hour)), value: count }));
}
