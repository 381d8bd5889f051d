import { makeStyles, Text, tokens } from "@fluentui/react-components";
import { Link } from "@tanstack/react-router";

import { may, type Session } from "../../api/session";
import type { Status } from "../../api/status";
import { Section } from "../../parts/PageBody";

const useStyles = makeStyles({
  steps: { display: "grid", gap: tokens.spacingVerticalS, margin: 0, paddingInlineStart: tokens.spacingHorizontalXXL },
  link: { color: tokens.colorBrandForegroundLink },
});

/** What to do where nothing is provisioned yet, as far as somebody may do it. */
export function FirstSteps({ status, session }: { status: Status; session: Session }) {
  const styles = useStyles();
  const fillsDirectory = may(session, "write", "directory");
  const addsApplications = may(session, "write", "applications");
  return (
    <Section title="Nothing is provisioned yet">
      {!fillsDirectory && !addsApplications && <Text>Once an application is set up, its cycles, failures and quarantines are shown here.</Text>}
      <ol className={styles.steps}>
        {fillsDirectory && status.users === 0 && (
          <li><Link to="/users" className={styles.link}>Fill the directory</Link>: create users, or import them from a CSV file.</li>
        )}
        {addsApplications && <li><Link to="/applications/new" className={styles.link}>Add an application</Link> from the gallery.</li>}
        {addsApplications && <li>Connect it with its tenant URL and token, assign users and groups, and switch provisioning on.</li>}
      </ol>
    </Section>
  );
}
