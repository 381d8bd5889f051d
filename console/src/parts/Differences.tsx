import { makeStyles, TableCell, TableRow, tokens } from "@fluentui/react-components";
import { SmallTable } from "./SmallTable";

const useStyles = makeStyles({
  name: { overflowWrap: "anywhere" },
  old: { color: tokens.colorPaletteRedForeground1, overflowWrap: "anywhere" },
  fresh: { color: tokens.colorPaletteGreenForeground1, textDecorationLine: "none", overflowWrap: "anywhere" },
  none: { color: tokens.colorNeutralForeground2 },
});

export interface Difference {
  name: string;
  before?: string | null;
  after?: string | null;
}

interface Props {
  label: string;
  of: Difference[];
  /** What the two values are called. */
  names?: [before: string, after: string];
}

/** What changed: each attribute with its value before and after. */
export function Differences({ label, of, names = ["Before", "After"] }: Props) {
  const styles = useStyles();
  const none = <span className={styles.none}>none</span>;
  return (
    <SmallTable label={label} columns={["Attribute", ...names]}>
      {of.map(({ name, before, after }) => (
        <TableRow key={name}>
          <TableCell className={styles.name}>{name}</TableCell>
          <TableCell>{before == null ? none : <del className={styles.old}>{before}</del>}</TableCell>
          <TableCell>{after == null ? none : <ins className={styles.fresh}>{after}</ins>}</TableCell>
        </TableRow>
      ))}
    </SmallTable>
  );
}
