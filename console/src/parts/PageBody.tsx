import { makeStyles, Subtitle1, tokens } from "@fluentui/react-components";
import { type ReactNode, useId } from "react";

const useStyles = makeStyles({
  body: { display: "grid", gridTemplateColumns: "minmax(0, 1fr)", gap: tokens.spacingVerticalXXL, padding: `${tokens.spacingVerticalL} ${tokens.spacingHorizontalXXL}`, "@media (max-width: 720px)": { paddingInline: tokens.spacingHorizontalM } },
  section: { display: "grid", gridTemplateColumns: "minmax(0, 1fr)", gap: tokens.spacingVerticalM, minWidth: 0 },
});

/** What stands below a page's header: one `Section` after the other. */
export function PageBody({ children }: { children: ReactNode }) {
  return <div className={useStyles().body}>{children}</div>;
}

/** A part of a page with a heading of its own. */
export function Section({ title, children }: { title: string; children: ReactNode }) {
  const heading = useId();
  return (
    <section className={useStyles().section} aria-labelledby={heading}>
      <Subtitle1 as="h2" id={heading}>{title}</Subtitle1>
      {children}
    </section>
  );
}
