import { Field, makeStyles, ProgressBar, Text, tokens } from "@fluentui/react-components";
import { useEffect, useState } from "react";

import type { Cycle } from "../api/schema";
import { count, duration } from "./format";

const useStyles = makeStyles({
  counts: { display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalL, color: tokens.colorNeutralForeground2 },
});

/** What is left of a cycle by its speed until now, in milliseconds; undefined before there is any. */
export function left({ done, total, durationMs }: Pick<Cycle, "done" | "total" | "durationMs">): number | undefined {
  return done > 0 && total > done ? (durationMs / done) * (total - done) : undefined;
}

/** Follows the cycle of a job as the server reports it, to its end. */
export function ProgressLive({ job, onEnded }: { job: string; onEnded?: () => void }) {
  const styles = useStyles();
  const [cycle, setCycle] = useState<Cycle>();
  useEffect(() => {
    const events = new EventSource(`/provost/v1/jobs/${encodeURIComponent(job)}/progress`);
    let begun = false;
    events.onmessage = ({ data }) => {
      begun = true;
      setCycle(JSON.parse(data as string) as Cycle);
    };
    events.onerror = () => {
      // The server ends the stream with the cycle; a browser would begin anew. Where it never began, it tries again.
      if (!begun && events.readyState !== EventSource.CLOSED) return;
      events.close();
      onEnded?.();
    };
    return () => events.close();
  }, [job, onEnded]);
  if (!cycle) return <ProgressBar aria-label="Waiting for the cycle" />;
  const { done, total, durationMs } = cycle;
  const rest = left(cycle);
  const rate = durationMs > 0 ? Math.round((done * 1000) / durationMs) : 0;
  const counts: [string, number][] = [
    ["created", cycle.created], ["updated", cycle.updated], ["disabled", cycle.disabled],
    ["deleted", cycle.deleted], ["skipped", cycle.skipped], ["failed", cycle.failed],
  ];
  return (
    <Field
      label={`${count(done)} of ${count(total)} objects`}
      validationState="none"
      validationMessage={`${count(rate)} a second${rest === undefined ? "" : `, about ${duration(rest)} left`}`}
    >
      <ProgressBar value={done} max={Math.max(1, total)} />
      <div className={styles.counts}>
        {counts.map(([name, value]) => <Text key={name} size={200}>{`${count(value)} ${name}`}</Text>)}
      </div>
    </Field>
  );
}
