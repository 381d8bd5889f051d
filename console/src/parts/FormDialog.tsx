import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, makeStyles, tokens } from "@fluentui/react-components";
import type { ReactNode, SubmitEvent } from "react";

import { ErrorBar } from "./ErrorBar";

const useStyles = makeStyles({ content: { display: "grid", gap: tokens.spacingVerticalM } });

interface Props {
  title: string;
  children: ReactNode;
  /** What the button does; without it there is only something to read. */
  action?: string;
  pending?: boolean;
  /** Whether something is still to be filled in. */
  incomplete?: boolean;
  /** What no field of the form shows. */
  error?: unknown;
  onSubmit?: () => void;
  onClose: () => void;
  /** What the other button says. */
  close?: string;
}

/** A short form over the page. */
export function FormDialog({ title, children, action, pending, incomplete, error, onSubmit, onClose, close = "Cancel" }: Props) {
  const styles = useStyles();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (!pending && !incomplete) onSubmit?.();
  };
  return (
    <Dialog open modalType={action ? "modal" : "alert"} onOpenChange={(_, next) => !next.open && onClose()}>
      <DialogSurface>
        <form onSubmit={submit} aria-label={title}>
          <DialogBody>
            <DialogTitle>{title}</DialogTitle>
            <DialogContent className={styles.content}>
              {children}
              <ErrorBar error={error} />
            </DialogContent>
            <DialogActions>
              {action && <Button type="submit" appearance="primary" disabledFocusable={pending || incomplete}>{action}</Button>}
              <Button appearance={action ? "secondary" : "primary"} onClick={onClose}>{action ? close : "Close"}</Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  );
}
