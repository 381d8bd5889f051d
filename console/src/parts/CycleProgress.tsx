import { Field, makeStyles, ProgressBar, Text, tokens } from "@fluentui/react-components";

import type { Cycle } from "../api/schema";
import { count, duration } from "./format";

const useStyles = makeStyles({
  counts: { display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalL, color: tokens.colorNeutralForeground2 },
});

/** What is left of a cycle by its speed until now, in milliseconds; undefined before there is any. */
export function left({ done, total, durationMs }: Pick<Cycle, "done" | "total" | "durationMs">): number | undefined {
  return done > 0 && total > done ? (durationMs / done) * (total - done) : undefined;
}

/** What a cycle did, each with its number. */
export function outcomes(cycle: Cycle): [name: string, value: number][] {
  return [
    ["created", cycle.created], ["updated", cycle.updated], ["disabled", cycle.disabled],
    ["deleted", cycle.deleted], ["skipped", cycle.skipped], ["failed", cycle.failed], ["held back", cycle.staged],
  ];
}

/** How far a cycle is, how fast it goes, and what it did so far. */
export function CycleProgress({ cycle }: { cycle: Cycle }) {
  const styles = useStyles();
  const { done, total, durationMs } = cycle;
  const rest = left(cycle);
  const rate = durationMs > 0 ? Math.round((done * 1000) / durationMs) : 0;
  return (
    <Field
      label={`${count(done)} of ${count(total)} objects`}
      validationState="none"
      validationMessage={`${count(rate)} a second${rest === undefined ? "" : `, about ${duration(rest)} left`}`}
    >
      <ProgressBar value={done} max={Math.max(1, total)} />
      <div className={styles.counts}>
        {outcomes(cycle).map(([name, value]) => <Text key={name} size={200}>{`${count(value)} ${name}`}</Text>)}
      </div>
    </Field>
  );
}
