import { makeStyles, MessageBar, MessageBarBody, MessageBarTitle, tokens } from "@fluentui/react-components";

import type { Job } from "../../api/jobs";
import { Section } from "../../parts/PageBody";
import { When } from "../../parts/When";
import { explanationOf, reasonOf } from "../applications/health";
import { ApplicationLink } from "./ApplicationLink";

const useStyles = makeStyles({ list: { display: "grid", gap: tokens.spacingVerticalS } });

/** The jobs in quarantine, with the reason. */
export function Quarantines({ jobs, opens }: { jobs: Job[]; opens: boolean }) {
  const styles = useStyles();
  const found = jobs.flatMap((job) => (job.quarantine ? [{ job, quarantine: job.quarantine }] : []));
  if (found.length === 0) return null;
  return (
    <Section title="In quarantine">
      <div className={styles.list}>
        {found.map(({ job, quarantine }) => (
          <MessageBar key={job.id} intent="warning" layout="multiline">
            <MessageBarBody>
              <MessageBarTitle><ApplicationLink job={job} opens={opens} />: {reasonOf(quarantine.reason)}.</MessageBarTitle>
              <div>{explanationOf(quarantine)}</div>
              <div>Since <When time={quarantine.seriesBegan} />.</div>
            </MessageBarBody>
          </MessageBar>
        ))}
      </div>
    </Section>
  );
}
