import { makeStyles, tokens } from "@fluentui/react-components";
import type { ReactNode } from "react";

const useStyles = makeStyles({
  facts: { display: "flex", flexWrap: "wrap", gap: `${tokens.spacingVerticalM} ${tokens.spacingHorizontalXXL}`, margin: 0, maxWidth: "960px" },
  fact: { minWidth: "min(100%, 130px)" },
  name: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
  value: { margin: 0, fontWeight: tokens.fontWeightSemibold, overflowWrap: "anywhere" },
});

/** Names with their values, side by side; those without a value are left out. */
export function Facts({ of }: { of: [name: string, value: ReactNode][] }) {
  const styles = useStyles();
  return (
    <dl className={styles.facts}>
      {of.filter(([, value]) => value != null && value !== "").map(([name, value]) => (
        <div key={name} className={styles.fact}>
          <dt className={styles.name}>{name}</dt>
          <dd className={styles.value}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
