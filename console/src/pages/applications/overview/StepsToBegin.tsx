import { makeStyles, Text, tokens } from "@fluentui/react-components";
import { Link } from "@tanstack/react-router";

import { Section } from "../../../parts/PageBody";
import { useApplication } from "../layout/application";

const useStyles = makeStyles({
  steps: { display: "grid", gap: tokens.spacingVerticalS, margin: 0, paddingInlineStart: tokens.spacingHorizontalXXL },
  link: { color: tokens.colorBrandForegroundLink },
});

/** What to do before accounts are provisioned. */
export function StepsToBegin() {
  const styles = useStyles();
  const { application: { id } } = useApplication();
  const params = { id };
  return (
    <Section title="Get started">
      <ol className={styles.steps}>
        <li><Link to="/applications/$id/provisioning" params={params} className={styles.link}>Connect the application</Link>: tenant URL, secret token, Test Connection.</li>
        <li><Link to="/applications/$id/users" params={params} className={styles.link}>Assign users and groups</Link> who are to have an account.</li>
        <li><Link to="/applications/$id/provisioning" params={params} className={styles.link}>Switch provisioning on</Link>: the initial cycle begins, and later ones see what changed.</li>
      </ol>
      <Text>It is best to begin with one user, and to assign the others once that account is as it should be.</Text>
    </Section>
  );
}
