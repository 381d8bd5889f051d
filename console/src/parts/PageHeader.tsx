import {
  Breadcrumb, BreadcrumbDivider, BreadcrumbItem, makeStyles, tokens, typographyStyles,
} from "@fluentui/react-components";
import { Link } from "@tanstack/react-router";
import { Fragment, type ReactNode, useEffect, useRef } from "react";

import { CommandBar } from "./CommandBar";
import { useTitle } from "./title";

const useStyles = makeStyles({
  header: { padding: `${tokens.spacingVerticalL} ${tokens.spacingHorizontalXXL} 0`, "@media (max-width: 720px)": { paddingInline: tokens.spacingHorizontalM } },
  crumb: { color: tokens.colorNeutralForeground2 },
  title: { ...typographyStyles.title2, outlineStyle: "none", overflowWrap: "anywhere" },
});

interface Props {
  title: string;
  /** The pages above this one, the highest first. */
  above?: { label: string; to: string }[];
  /** The command bar: `ToolbarButton`s. */
  commands?: ReactNode;
}

/** The top of a page. The focus comes here when the page is gone to, so that a screen reader says where one is. */
export function PageHeader({ title, above = [], commands }: Props) {
  const styles = useStyles();
  const heading = useRef<HTMLHeadingElement>(null);
  useTitle(title);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return (
    <div className={styles.header}>
      {above.length > 0 && (
        <Breadcrumb size="small" aria-label="Pages above">
          {above.map(({ label, to }) => (
            <Fragment key={to}>
              <BreadcrumbItem><Link to={to} className={styles.crumb}>{label}</Link></BreadcrumbItem>
              <BreadcrumbDivider />
            </Fragment>
          ))}
        </Breadcrumb>
      )}
      <h1 ref={heading} tabIndex={-1} className={styles.title}>{title}</h1>
      {commands && <CommandBar>{commands}</CommandBar>}
    </div>
  );
}
