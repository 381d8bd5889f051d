import { makeStyles, tokens } from "@fluentui/react-components";

import type { WebhookDelivery } from "../../api/webhooks";
import { Facts } from "../../parts/Facts";

const useStyles = makeStyles({
  answer: { margin: 0, padding: tokens.spacingHorizontalM, backgroundColor: tokens.colorNeutralBackground3, overflowX: "auto", whiteSpace: "pre-wrap", overflowWrap: "anywhere" },
});

/** What an endpoint answered. */
export function Answer({ of }: { of: WebhookDelivery }) {
  const styles = useStyles();
  return (
    <>
      <Facts of={[["Status", of.status], ["Duration", of.durationMs == null ? undefined : `${of.durationMs} ms`]]} />
      {of.answer && <pre className={styles.answer} tabIndex={0} role="region" aria-label="Answer">{of.answer}</pre>}
    </>
  );
}
