import { makeStyles, Table, TableBody, TableHeader, TableHeaderCell, TableRow, tokens } from "@fluentui/react-components";
import { type ReactNode, useCallback, useState } from "react";

import { Hidden } from "./Hidden";

/** A column: its name, and the width that it keeps where it has one. */
export interface SmallColumn {
  name: string;
  width?: string;
  /** Whether only a screen reader says its name. */
  hidden?: boolean;
}

interface Props {
  /** What a screen reader calls it. */
  label: string;
  columns: (SmallColumn | string | false)[];
  /** The least width in pixels at which its columns can be read: where there is less it is scrolled sideways, also by keyboard. */
  least?: number;
  /** `TableRow`s. */
  children: ReactNode;
}

const useStyles = makeStyles({
  around: { overflowX: "auto", ":focus-visible": { outline: `2px solid ${tokens.colorStrokeFocus2}` } },
  // Only a row that opens something answers the pointer.
  table: { "& tbody tr:not([tabindex]):hover, & tbody tr:not([tabindex]):active": { backgroundColor: "transparent", color: tokens.colorNeutralForeground1 } },
});

/** A table of a few rows, as a part of a page. */
export function SmallTable({ label, columns, least = 0, children }: Props) {
  const styles = useStyles();
  const [scrolls, setScrolls] = useState(false);
  // The element's own width decides, not the window's.
  const around = useCallback((element: HTMLDivElement | null) => {
    if (!element) return;
    const observer = new ResizeObserver(() => setScrolls(element.scrollWidth > element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return (
    <div ref={around} className={styles.around} {...(scrolls && { role: "region", tabIndex: 0, "aria-label": `${label}, scrolled sideways` })}>
      <Table size="small" aria-label={label} className={styles.table} style={{ minWidth: least || undefined }}>
        <TableHeader>
          <TableRow>
            {columns.filter((column) => column !== false).map((column) => {
              const { name, width, hidden } = typeof column === "string" ? { name: column } : column;
              return <TableHeaderCell key={name} style={{ width }}>{hidden ? <Hidden>{name}</Hidden> : name}</TableHeaderCell>;
            })}
          </TableRow>
        </TableHeader>
        <TableBody>{children}</TableBody>
      </Table>
    </div>
  );
}
