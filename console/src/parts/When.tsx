import { Tooltip } from "@fluentui/react-components";

import { ago, moment } from "./format";

/** A time: relative, with the exact one on hover; in a log the other way round. */
export function When({ time, exact }: { time?: string | null; exact?: boolean }) {
  if (!time) return <>never</>;
  const relative = ago(new Date(time), new Date());
  return (
    <Tooltip content={exact ? relative : moment(time)} relationship="description">
      <time dateTime={time}>{exact ? moment(time) : relative}</time>
    </Tooltip>
  );
}
