import { Tooltip } from "@fluentui/react-components";

import { ago } from "./format";

/** A time, relative; the exact one on hover. */
export function When({ time }: { time?: string | null }) {
  if (!time) return <>never</>;
  const at = new Date(time);
  return (
    <Tooltip content={at.toLocaleString("en", { dateStyle: "full", timeStyle: "long" })} relationship="description">
      <time dateTime={time}>{ago(at, new Date())}</time>
    </Tooltip>
  );
}
