import { Button, Input, makeStyles, tokens } from "@fluentui/react-components";
import { useMutation } from "@tanstack/react-query";
import { type SubmitEvent, useState } from "react";

import { type Session, signIn } from "../api/session";
import { ErrorBar } from "../parts/ErrorBar";
import { FormField } from "../parts/FormField";

const useStyles = makeStyles({ form: { display: "grid", gap: tokens.spacingVerticalL } });

/** Name and password. */
export function SignInForm({ onSignedIn }: { onSignedIn: (session: Session) => Promise<void> | void }) {
  const styles = useStyles();
  const [signInName, setSignInName] = useState("");
  const [password, setPassword] = useState("");
  const signingIn = useMutation({ mutationFn: () => signIn(signInName, password), onSuccess: onSignedIn });
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (!signingIn.isPending) signingIn.mutate();
  };
  return (
    <form className={styles.form} onSubmit={submit} aria-label="Sign in">
      <ErrorBar error={signingIn.error} />
      <FormField label="Sign-in name" required>
        <Input name="username" autoComplete="username" autoFocus value={signInName} onChange={(_, { value }) => setSignInName(value)} />
      </FormField>
      <FormField label="Password" required>
        <Input type="password" name="password" autoComplete="current-password" value={password} onChange={(_, { value }) => setPassword(value)} />
      </FormField>
      <Button type="submit" appearance="primary" disabledFocusable={signingIn.isPending}>
        {signingIn.isPending ? "Signing in…" : "Sign in"}
      </Button>
    </form>
  );
}
