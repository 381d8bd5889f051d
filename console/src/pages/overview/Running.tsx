import { makeStyles, Text, tokens } from "@fluentui/react-components";

import type { Job } from "../../api/jobs";
import { CycleProgress } from "../../parts/CycleProgress";
import { Section } from "../../parts/PageBody";
import { cycleName } from "../applications/health";
import { ApplicationLink } from "./ApplicationLink";

const useStyles = makeStyles({ cycle: { display: "grid", gap: tokens.spacingVerticalXS } });

/** The cycles that run now. They are asked for again every few seconds: a stream for each would take the browser's connections. */
export function Running({ jobs, opens }: { jobs: Job[]; opens: boolean }) {
  const styles = useStyles();
  const found = jobs.flatMap((job) => (job.currentCycle ? [{ job, cycle: job.currentCycle }] : []));
  if (found.length === 0) return null;
  return (
    <Section title="Running now">
      {found.map(({ job, cycle }) => (
        <div key={job.id} className={styles.cycle}>
          <Text><ApplicationLink job={job} opens={opens} />: {cycleName(cycle.kind).toLowerCase()}</Text>
          <CycleProgress cycle={cycle} />
        </div>
      ))}
    </Section>
  );
}
