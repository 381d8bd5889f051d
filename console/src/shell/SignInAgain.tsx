import { Dialog, DialogBody, DialogContent, DialogSurface, DialogTitle, makeStyles, Text, tokens } from "@fluentui/react-components";
import { useQueryClient } from "@tanstack/react-query";

import { type Session, sessionQuery } from "../api/session";
import { setEnded, useEnded } from "./unsaved";
import { SignInForm } from "./SignInForm";

const useStyles = makeStyles({ content: { display: "grid", gap: tokens.spacingVerticalL } });

/** Asks for the password over a page with changes that are not saved, when the session has ended. */
export function SignInAgain({ session }: { session: Session }) {
  const styles = useStyles();
  const queries = useQueryClient();
  const onSignedIn = (next: Session) => {
    queries.setQueryData(sessionQuery.queryKey, next);
    setEnded(false);
    // Somebody else may not see what the page shows: it begins anew.
    if (next.id !== session.id) location.reload();
    else void queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== "session" });
  };
  return (
    <Dialog modalType="alert" open={useEnded()}>
      <DialogSurface>
        <DialogBody>
          <DialogTitle>Sign in again</DialogTitle>
          <DialogContent className={styles.content}>
            <Text>Your session has ended. What you typed is kept.</Text>
            <SignInForm onSignedIn={onSignedIn} />
          </DialogContent>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
