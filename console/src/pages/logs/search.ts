import { ACTIONS, type LogFilters, RANGES, STATUSES } from "../../api/log";

/** What is chosen on a page of the log, as its address has it. */
export interface LogSearch extends Omit<LogFilters, "source"> {
  /** The entry that is open. */
  entry?: string;
}

/** Reads an address; what is not known there is left out. */
export function readSearch(given: Record<string, unknown>): LogSearch {
  const text = (name: string) => (typeof given[name] === "string" && given[name] ? given[name] : undefined);
  const day = (name: string) => (/^\d{4}-\d{2}-\d{2}$/.test(text(name) ?? "") ? text(name) : undefined);
  return {
    application: text("application"),
    status: STATUSES.find((it) => it === given.status),
    action: ACTIONS.find((it) => it === given.action),
    range: RANGES.find((it) => it === given.range),
    from: day("from"),
    to: day("to"),
    identity: text("identity"),
    cycle: text("cycle"),
    entry: text("entry"),
  };
}
