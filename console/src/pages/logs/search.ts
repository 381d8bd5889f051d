import { ACTIONS, type LogFilters, RANGES, STATUSES } from "../../api/log";

/** What is chosen on a page of the log, as its address has it. */
export interface LogSearch extends Omit<LogFilters, "source"> {
  /** The entry that is open. */
  entry?: string;
}

/** Reads an address; what is not known there is left out. */
export function readSearch(given: Record<string, unknown>): LogSearch {
  const text = (name: string) => (typeof given[name] === "string" && given[name] ? given[name] : undefined);
  const minute = (name: string, ofDay: string) => {
    const [, day, time = ofDay] = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}))?$/.exec(text(name) ?? "") ?? [];
    return day && `${day}T${time}`;
  };
  return {
    application: text("application"),
    status: STATUSES.find((it) => it === given.status),
    action: ACTIONS.find((it) => it === given.action),
    range: RANGES.find((it) => it === given.range),
    from: minute("from", "00:00"),
    to: minute("to", "23:59"),
    identity: text("identity"),
    cycle: text("cycle"),
    entry: text("entry"),
  };
}
