import { Card, makeStyles, MessageBar, MessageBarBody, MessageBarTitle, Title2, tokens } from "@fluentui/react-components";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useRouter, useSearch } from "@tanstack/react-router";

import { type Session, sessionQuery, setupQuery } from "../../api/session";
import { useTitle } from "../../parts/title";
import { ConnectionBanner } from "../../shell/ConnectionBanner";
import { SignInForm } from "../../shell/SignInForm";

const useStyles = makeStyles({
  page: {
    minHeight: "100dvh",
    display: "grid",
    placeItems: "center",
    backgroundColor: tokens.colorNeutralBackground2,
    padding: tokens.spacingHorizontalL,
    boxSizing: "border-box",
  },
  card: { width: "min(100%, 400px)", boxSizing: "border-box", padding: tokens.spacingHorizontalXXL, display: "grid", gap: tokens.spacingVerticalL },
  product: { color: tokens.colorBrandForeground1, fontWeight: tokens.fontWeightSemibold },
  command: { display: "block", marginBlockStart: tokens.spacingVerticalS, overflowWrap: "anywhere", fontFamily: tokens.fontFamilyMonospace },
});

export function SignInPage() {
  const styles = useStyles();
  const router = useRouter();
  const queries = useQueryClient();
  const { from } = useSearch({ from: "/sign-in" });
  const { data: needsAdministrator } = useQuery(setupQuery);
  useTitle("Sign in");
  const onSignedIn = async (session: Session) => {
    // Whoever signed in before may have seen more.
    queries.clear();
    queries.setQueryData(sessionQuery.queryKey, session);
    if (from) router.history.push(`/console${from.replace(/^\/console/, "")}`);
    else await router.navigate({ to: "/" });
  };
  return (
    <main className={styles.page}>
      <Card className={styles.card}>
        <div>
          <div className={styles.product}>Provost</div>
          <Title2 as="h1">Sign in</Title2>
        </div>
        <ConnectionBanner />
        {needsAdministrator && (
          <MessageBar intent="info" layout="multiline">
            <MessageBarBody>
              <MessageBarTitle>Nobody can sign in yet.</MessageBarTitle>
              Whoever runs the server makes the first administrator there. It shows a password, once:
              <code className={styles.command}>provost admin create "Ada Lovelace" --sign-in ada@contoso.example --role global-administrator</code>
            </MessageBarBody>
          </MessageBar>
        )}
        <SignInForm onSignedIn={onSignedIn} />
      </Card>
    </main>
  );
}
