import { Button, makeStyles, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle, tokens } from "@fluentui/react-components";
import { useState } from "react";

import type { Job } from "../../../api/jobs";
import type { Quarantine } from "../../../api/schema";
import { When } from "../../../parts/When";
import { explanationOf, reasonOf } from "../health";
import { HeldBackDialog } from "./HeldBackDialog";

const useStyles = makeStyles({
  banner: { flexShrink: 0, margin: `${tokens.spacingVerticalS} ${tokens.spacingHorizontalXXL}`, "@media (max-width: 720px)": { marginInline: tokens.spacingHorizontalM } },
});

/** Says on every page of an application that its job is in quarantine, why, and what to do. */
export function QuarantineBanner({ job, quarantine }: { job: Job; quarantine: Quarantine }) {
  const styles = useStyles();
  const [reviewing, setReviewing] = useState(false);
  const { reason, seriesBegan, nextAttempt, staged } = quarantine;
  return (
    <>
      <MessageBar intent="warning" layout="multiline" className={styles.banner} role="region" aria-label="Quarantine">
        <MessageBarBody>
          <MessageBarTitle>In quarantine: {reasonOf(reason)}.</MessageBarTitle>
          <div>{explanationOf(quarantine)}</div>
          <div>
            Since <When time={seriesBegan} />.{" "}
            {job.started ? staged ? "Everything else goes on." : <>Next try <When time={nextAttempt} />.</> : "Provisioning is off."}
          </div>
        </MessageBarBody>
        {staged && (
          <MessageBarActions>
            <Button onClick={() => setReviewing(true)}>Review what is held back</Button>
          </MessageBarActions>
        )}
      </MessageBar>
      {reviewing && <HeldBackDialog job={job} onClosed={() => setReviewing(false)} />}
    </>
  );
}
