import {
  Button, Drawer, DrawerBody, DrawerHeader, DrawerHeaderTitle, makeStyles, Toaster, tokens, useId,
} from "@fluentui/react-components";
import { Dismiss24Regular, Navigation24Regular } from "@fluentui/react-icons";
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet } from "@tanstack/react-router";
import { useState } from "react";

import { sessionQuery } from "../api/session";
import { TOASTER } from "../parts/toasts";
import { AccountMenu } from "./AccountMenu";
import { ConnectionBanner } from "./ConnectionBanner";
import { Navigation } from "./Navigation";
import { useNarrow } from "./narrow";
import { SignInAgain } from "./SignInAgain";

const useStyles = makeStyles({
  shell: { height: "100dvh", display: "grid", gridTemplateRows: "auto minmax(0, 1fr)", gridTemplateColumns: "minmax(0, 1fr)", overflow: "hidden" },
  skip: {
    position: "absolute",
    zIndex: 10,
    left: tokens.spacingHorizontalM,
    top: "-60px",
    padding: tokens.spacingHorizontalM,
    color: tokens.colorNeutralForegroundOnBrand,
    backgroundColor: tokens.colorBrandBackground,
    ":focus": { top: tokens.spacingVerticalS },
  },
  header: {
    display: "flex",
    alignItems: "center",
    gap: tokens.spacingHorizontalS,
    height: "48px",
    padding: `0 ${tokens.spacingHorizontalS}`,
    backgroundColor: tokens.colorNeutralBackground1,
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
  },
  product: {
    flexGrow: 1,
    color: tokens.colorNeutralForeground1,
    fontWeight: tokens.fontWeightSemibold,
    fontSize: tokens.fontSizeBase400,
    textDecorationLine: "none",
  },
  body: { display: "flex", minHeight: 0 },
  side: {
    width: "232px",
    flexShrink: 0,
    overflowY: "auto",
    backgroundColor: tokens.colorNeutralBackground2,
    borderRight: `1px solid ${tokens.colorNeutralStroke2}`,
  },
  main: { flexGrow: 1, minWidth: 0, overflowY: "auto", outlineStyle: "none", display: "flex", flexDirection: "column" },
});

/** Header, navigation, and the page within them. */
export function Shell() {
  const styles = useStyles();
  const narrow = useNarrow();
  const { data: session } = useQuery(sessionQuery);
  const [open, setOpen] = useState(false);
  const main = useId("main");
  if (!session) return null;
  const close = () => setOpen(false);
  return (
    <div className={styles.shell}>
      <a href={`#${main}`} className={styles.skip}>Skip to the page</a>
      <header className={styles.header}>
        <Button
          appearance="transparent"
          icon={<Navigation24Regular />}
          aria-label="Menu"
          aria-expanded={open}
          onClick={() => setOpen(true)}
        />
        <Link to="/" className={styles.product}>Provost</Link>
        <AccountMenu session={session} />
      </header>
      <div className={styles.body}>
        {!narrow && <div className={styles.side}><Navigation session={session} /></div>}
        <main id={main} className={styles.main} tabIndex={-1}>
          <ConnectionBanner />
          <Outlet />
        </main>
      </div>
      <Drawer type="overlay" open={open} onOpenChange={(_, next) => setOpen(next.open)}>
        <DrawerHeader>
          <DrawerHeaderTitle
            action={<Button appearance="subtle" aria-label="Close" icon={<Dismiss24Regular />} onClick={close} />}
          >
            Provost
          </DrawerHeaderTitle>
        </DrawerHeader>
        <DrawerBody><Navigation label="Menu" session={session} onChosen={close} /></DrawerBody>
      </Drawer>
      <SignInAgain session={session} />
      <div role="region" aria-label="Messages"><Toaster inline toasterId={TOASTER} position="bottom-end" /></div>
    </div>
  );
}
