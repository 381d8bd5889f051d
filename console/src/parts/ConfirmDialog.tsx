import {
  Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle,
} from "@fluentui/react-components";
import type { ReactNode } from "react";

import { ErrorBar } from "./ErrorBar";

interface Props {
  open: boolean;
  title: string;
  /** What will happen, and whether it can be taken back. */
  children: ReactNode;
  /** The verb: what the button does; without one there is only something to read. */
  action?: string;
  pending?: boolean;
  error?: unknown;
  onConfirm: () => void;
  onCancel: () => void;
}

/** Asks before something is done that is not easily undone. */
export function ConfirmDialog({ open, title, children, action, pending, error, onConfirm, onCancel }: Props) {
  return (
    <Dialog modalType="alert" open={open} onOpenChange={(_, next) => !next.open && onCancel()}>
      <DialogSurface>
        <DialogBody>
          <DialogTitle>{title}</DialogTitle>
          <DialogContent>
            {children}
            <ErrorBar error={error} />
          </DialogContent>
          <DialogActions>
            {action && <Button appearance="primary" disabledFocusable={pending} onClick={onConfirm}>{action}</Button>}
            <Button onClick={onCancel}>{action ? "Cancel" : "Close"}</Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
