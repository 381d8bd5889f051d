import { useBlocker } from "@tanstack/react-router";
import { useEffect } from "react";

import { holdUnsaved } from "../shell/unsaved";
import { ConfirmDialog } from "./ConfirmDialog";

/** Asks before a page with changes that are not saved is left. */
export function UnsavedGuard({ unsaved }: { unsaved: boolean }) {
  useEffect(() => (unsaved ? holdUnsaved() : undefined), [unsaved]);
  const { status, proceed, reset } = useBlocker({
    // The session's end is not the user's choice: there is nothing to ask.
    shouldBlockFn: ({ next }) => unsaved && !next.pathname.endsWith("/sign-in"),
    enableBeforeUnload: unsaved,
    withResolver: true,
  });
  return (
    <ConfirmDialog
      open={status === "blocked"}
      title="Leave without saving?"
      action="Leave"
      onConfirm={() => proceed?.()}
      onCancel={() => reset?.()}
    >
      What you changed on this page is not saved.
    </ConfirmDialog>
  );
}
