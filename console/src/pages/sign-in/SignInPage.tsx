import { Button, Card, Input, makeStyles, Title2, tokens } from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRouter, useSearch } from "@tanstack/react-router";
import { type SubmitEvent, useState } from "react";

import { sessionQuery, signIn } from "../../api/session";
import { ErrorBar } from "../../parts/ErrorBar";
import { FormField } from "../../parts/FormField";
import { useTitle } from "../../parts/title";
import { ConnectionBanner } from "../../shell/ConnectionBanner";

const useStyles = makeStyles({
  page: {
    minHeight: "100dvh",
    display: "grid",
    placeItems: "center",
    backgroundColor: tokens.colorNeutralBackground2,
    padding: tokens.spacingHorizontalL,
    boxSizing: "border-box",
  },
  card: { width: "min(100%, 400px)", boxSizing: "border-box", padding: tokens.spacingHorizontalXXL },
  form: { display: "grid", gap: tokens.spacingVerticalL },
  product: { color: tokens.colorBrandForeground1, fontWeight: tokens.fontWeightSemibold },
});

export function SignInPage() {
  const styles = useStyles();
  const router = useRouter();
  const queries = useQueryClient();
  const { from } = useSearch({ from: "/sign-in" });
  const [signInName, setSignInName] = useState("");
  const [password, setPassword] = useState("");
  useTitle("Sign in");

  const signingIn = useMutation({
    mutationFn: () => signIn(signInName, password),
    onSuccess: async (session) => {
      // Whoever signed in before may have seen more.
      queries.clear();
      queries.setQueryData(sessionQuery.queryKey, session);
      if (from) router.history.push(`/console${from.replace(/^\/console/, "")}`);
      else await router.navigate({ to: "/" });
    },
  });
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (!signingIn.isPending) signingIn.mutate();
  };

  return (
    <main className={styles.page}>
      <Card className={styles.card}>
        <form className={styles.form} onSubmit={submit}>
          <div>
            <div className={styles.product}>Provost</div>
            <Title2 as="h1">Sign in</Title2>
          </div>
          <ConnectionBanner />
          <ErrorBar error={signingIn.error} />
          <FormField label="Sign-in name" required>
            <Input
              name="username"
              autoComplete="username"
              autoFocus
              value={signInName}
              onChange={(_, { value }) => setSignInName(value)}
            />
          </FormField>
          <FormField label="Password" required>
            <Input
              type="password"
              name="password"
              autoComplete="current-password"
              value={password}
              onChange={(_, { value }) => setPassword(value)}
            />
          </FormField>
          <Button type="submit" appearance="primary" disabledFocusable={signingIn.isPending}>
            {signingIn.isPending ? "Signing in…" : "Sign in"}
          </Button>
        </form>
      </Card>
    </main>
  );
}
