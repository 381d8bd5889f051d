import { makeStyles, mergeClasses, tokens } from "@fluentui/react-components";
import { ChevronDown16Regular, ChevronRight16Regular } from "@fluentui/react-icons";
import { useLocation } from "@tanstack/react-router";
import { type ReactNode, useId, useState } from "react";

const useStyles = makeStyles({
  branch: {
    display: "flex",
    alignItems: "center",
    justifyContent: "space-between",
    minHeight: "36px",
    gap: tokens.spacingHorizontalS,
    width: "100%",
    padding: `${tokens.spacingVerticalS} ${tokens.spacingHorizontalM}`,
    border: "none",
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: "transparent",
    color: tokens.colorNeutralForeground1,
    fontFamily: "inherit",
    fontSize: "inherit",
    textAlign: "start",
    cursor: "pointer",
    ":hover": { backgroundColor: tokens.colorNeutralBackground1Hover },
    ":focus-visible": { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  within: { paddingInlineStart: tokens.spacingHorizontalM, display: "grid", gap: tokens.spacingVerticalXXS },
  closed: { display: "none" },
});

const PATH = ["Admin", "Connectors", "Directory Synchronization"];

/** The menu items that lead to the service provider's side, each opening to the next: Admin > Connectors > Directory Synchronization. */
export function ConnectorTree({ open, children }: { open: boolean; children: ReactNode }) {
  const here = useLocation({ select: ({ pathname }) => pathname.includes("/connectors/") });
  return PATH.reduceRight((within, label) => <Branch key={label} label={label} open={open || here}>{within}</Branch>, <>{children}</>);
}

function Branch({ label, open, children }: { label: string; open: boolean; children: ReactNode }) {
  const styles = useStyles();
  const id = useId();
  const [chosen, setChosen] = useState<boolean>();
  const expanded = chosen ?? open;
  return (
    <div>
      <button type="button" className={styles.branch} aria-expanded={expanded} aria-controls={id} onClick={() => setChosen(!expanded)}>
        {label}
        {expanded ? <ChevronDown16Regular /> : <ChevronRight16Regular />}
      </button>
      <div id={id} className={mergeClasses(styles.within, !expanded && styles.closed)}>{children}</div>
    </div>
  );
}
