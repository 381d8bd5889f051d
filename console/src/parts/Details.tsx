import { Button, Drawer, DrawerBody, DrawerHeader, DrawerHeaderTitle, makeStyles, mergeClasses, tokens } from "@fluentui/react-components";
import { Dismiss24Regular } from "@fluentui/react-icons";
import type { ReactNode } from "react";

import { FocusBack } from "./FocusBack";

const useStyles = makeStyles({
  drawer: { maxWidth: "100vw" },
  wide: { width: "680px" },
  title: { overflowWrap: "anywhere" },
  body: { display: "grid", gridTemplateColumns: "minmax(0, 1fr)", gap: tokens.spacingVerticalL, alignContent: "start", paddingBlockEnd: tokens.spacingVerticalXXL },
});

interface Props {
  title: string;
  open?: boolean;
  /** For what has columns side by side. */
  wide?: boolean;
  onClose: () => void;
  children: ReactNode;
}

/** The details of an entry of a list, beside it. */
export function Details({ title, open = true, wide, onClose, children }: Props) {
  const styles = useStyles();
  return (
    <Drawer type="overlay" position="end" size="medium" className={mergeClasses(styles.drawer, wide && styles.wide)} open={open} onOpenChange={(_, next) => !next.open && onClose()}>
      <FocusBack />
      <DrawerHeader>
        <DrawerHeaderTitle heading={{ className: styles.title }} action={<Button appearance="subtle" aria-label="Close" icon={<Dismiss24Regular />} onClick={onClose} />}>
          {title}
        </DrawerHeaderTitle>
      </DrawerHeader>
      <DrawerBody><div className={styles.body}>{children}</div></DrawerBody>
    </Drawer>
  );
}
