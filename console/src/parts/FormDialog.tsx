import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, makeStyles, tokens } from "@fluentui/react-components";
import type { ReactNode, SubmitEvent } from "react";

import { useDanger } from "./danger";
import { ErrorBar } from "./ErrorBar";
import { FocusBack } from "./FocusBack";

const useStyles = makeStyles({ content: { display: "grid", gap: tokens.spacingVerticalM } });

interface Props {
  title: string;
  children: ReactNode;
  /** What the button does; without it there is only something to read. */
  action?: string;
  /** Whether it takes something away. */
  danger?: boolean;
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

/** A short form over the page, which stays until its answer is there: that may be shown only once. */
export function FormDialog({ title, children, action, danger, pending, incomplete, error, onSubmit, onClose, close = "Cancel" }: Props) {
  const styles = useStyles();
  const red = useDanger();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (!pending && !incomplete) onSubmit?.();
  };
  return (
    <Dialog open modalType={action ? "modal" : "alert"} onOpenChange={(_, next) => !next.open && !pending && onClose()}>
      <DialogSurface>
        <FocusBack />
        <form onSubmit={submit} aria-label={title}>
          <DialogBody>
            <DialogTitle>{title}</DialogTitle>
            <DialogContent className={styles.content}>
              {children}
              <ErrorBar error={error} />
            </DialogContent>
            <DialogActions>
              {action && <Button type="submit" appearance="primary" className={danger ? red.danger : undefined} disabledFocusable={pending || incomplete}>{action}</Button>}
              <Button appearance={action ? "secondary" : "primary"} disabledFocusable={pending} onClick={() => !pending && onClose()}>{action ? close : "Close"}</Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  );
}
