import { makeStyles, tokens } from "@fluentui/react-components";
import { Fragment, type ReactNode } from "react";

const useStyles = makeStyles({
  properties: { display: "grid", gridTemplateColumns: "max-content minmax(0, 1fr)", gap: `${tokens.spacingVerticalS} ${tokens.spacingHorizontalXL}`, margin: 0, "@media (max-width: 720px)": { gridTemplateColumns: "minmax(0, 1fr)", rowGap: tokens.spacingVerticalXXS } },
  name: { color: tokens.colorNeutralForeground2 },
  value: { margin: 0, overflowWrap: "anywhere", "@media (max-width: 720px)": { marginBottom: tokens.spacingVerticalS } },
});

/** Names with their values, one below the other; those without a value are left out. */
export function Properties({ of }: { of: [name: string, value: ReactNode][] }) {
  const styles = useStyles();
  return (
    <dl className={styles.properties}>
      {of.filter(([, value]) => value !== undefined && value !== null && value !== "" && value !== false).map(([name, value]) => (
        <Fragment key={name}>
          <dt className={styles.name}>{name}</dt>
          <dd className={styles.value}>{value}</dd>
        </Fragment>
      ))}
    </dl>
  );
}
