import {
  Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle,
} from "@fluentui/react-components";
import { type ReactNode, useEffect, useRef } from "react";

import { useDanger } from "./danger";
import { ErrorBar } from "./ErrorBar";
import { FocusBack } from "./FocusBack";

interface Props {
  open: boolean;
  title: string;
  /** What will happen, and whether it can be taken back. */
  children: ReactNode;
  /** The verb: what the button does; without one there is only something to read. */
  action?: string;
  /** Whether it takes something away: the button is red then, and not what Enter presses. */
  danger?: boolean;
  pending?: boolean;
  error?: unknown;
  onConfirm: () => void;
  onCancel: () => void;
}

/** Asks before something is done that is not easily undone. */
export function ConfirmDialog({ open, title, children, action, danger, pending, error, onConfirm, onCancel }: Props) {
  const styles = useDanger();
  const cancel = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!open || !danger) return;
    // After the dialog has put the focus on its first button.
    const timer = setTimeout(() => cancel.current?.focus());
    return () => clearTimeout(timer);
  }, [open, danger]);
  return (
    <Dialog modalType="alert" open={open} onOpenChange={(_, next) => !next.open && onCancel()}>
      <DialogSurface>
        <FocusBack />
        <DialogBody>
          <DialogTitle>{title}</DialogTitle>
          <DialogContent>
            {children}
            <ErrorBar error={error} />
          </DialogContent>
          <DialogActions>
            {action && <Button appearance="primary" className={danger ? styles.danger : undefined} disabledFocusable={pending} onClick={onConfirm}>{action}</Button>}
            <Button ref={cancel} onClick={onCancel}>{action ? "Cancel" : "Close"}</Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
