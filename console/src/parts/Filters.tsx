import { makeStyles, tokens } from "@fluentui/react-components";
import type { ReactNode } from "react";

const useStyles = makeStyles({
  filters: {
    display: "flex",
    flexWrap: "wrap",
    alignItems: "center",
    gap: tokens.spacingHorizontalM,
    padding: `${tokens.spacingVerticalS} ${tokens.spacingHorizontalXXL} ${tokens.spacingVerticalM}`,
    "@media (max-width: 720px)": { paddingInline: tokens.spacingHorizontalM },
  },
});

/** Search and filters, above the list that they are about. */
export function Filters({ children }: { children: ReactNode }) {
  return <div className={useStyles().filters} role="search">{children}</div>;
}
