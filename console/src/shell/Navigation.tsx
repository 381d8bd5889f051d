import { makeStyles, mergeClasses, tokens } from "@fluentui/react-components";
import { Link } from "@tanstack/react-router";

import type { Session } from "../api/session";
import { ConnectorTree } from "./ConnectorTree";
import { connectorLinks, identityLinks, type NavigationLink } from "./navigation";

const useStyles = makeStyles({
  navigation: { display: "grid", alignContent: "start", gap: tokens.spacingVerticalXXS, padding: tokens.spacingHorizontalS },
  heading: {
    padding: `${tokens.spacingVerticalM} ${tokens.spacingHorizontalM} ${tokens.spacingVerticalXS}`,
    fontSize: tokens.fontSizeBase200,
    fontWeight: tokens.fontWeightSemibold,
    color: tokens.colorNeutralForeground2,
  },
  link: {
    display: "block",
    padding: `${tokens.spacingVerticalS} ${tokens.spacingHorizontalM}`,
    borderRadius: tokens.borderRadiusMedium,
    color: tokens.colorNeutralForeground1,
    textDecorationLine: "none",
    ":hover": { backgroundColor: tokens.colorNeutralBackground1Hover },
    ":focus-visible": { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  active: { backgroundColor: tokens.colorNeutralBackground1Selected, fontWeight: tokens.fontWeightSemibold },
});

/** Both sides, as far as the roles of who is signed in permit. */
export function Navigation({ label = "Pages", session, onChosen }: { label?: string; session: Session; onChosen?: () => void }) {
  const styles = useStyles();
  const shown = ({ label, to }: NavigationLink) => (
    <Link
      key={to}
      to={to}
      className={styles.link}
      activeProps={{ className: mergeClasses(styles.link, styles.active) }}
      onClick={onChosen}
    >
      {label}
    </Link>
  );
  const identity = identityLinks(session);
  const connectors = connectorLinks(session);
  return (
    <nav className={styles.navigation} aria-label={label}>
      {identity.length > 0 && <div className={styles.heading}>Identity</div>}
      {identity.map(shown)}
      {connectors.length > 0 && <ConnectorTree open={identity.length === 0}>{connectors.map(shown)}</ConnectorTree>}
    </nav>
  );
}
