import { makeStyles, Toolbar } from "@fluentui/react-components";
import type { ReactNode } from "react";

const useStyles = makeStyles({
  commands: { flexWrap: "wrap", paddingInline: 0, marginInlineStart: "-12px", minHeight: "44px" },
});

/** What can be done on a page: `ToolbarButton`s. */
export function CommandBar({ children }: { children: ReactNode }) {
  return <Toolbar aria-label="Commands" className={useStyles().commands}>{children}</Toolbar>;
}
