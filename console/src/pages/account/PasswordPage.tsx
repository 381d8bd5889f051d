import { Button, Input, makeStyles, MessageBar, MessageBarBody, tokens } from "@fluentui/react-components";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type SubmitEvent, useState } from "react";

import { ApiError } from "../../api/errors";
import { changePassword, sessionQuery } from "../../api/session";
import { ErrorBar } from "../../parts/ErrorBar";
import { FormField } from "../../parts/FormField";
import { PageBody } from "../../parts/PageBody";
import { PageHeader } from "../../parts/PageHeader";

const useStyles = makeStyles({ form: { display: "grid", gap: tokens.spacingVerticalL, maxWidth: "420px" } });

/** How somebody changes their own password. */
export function PasswordPage() {
  const styles = useStyles();
  const queries = useQueryClient();
  const { data: session } = useQuery(sessionQuery);
  const [typed, setTyped] = useState({ current: "", fresh: "", again: "" });
  const differs = typed.again !== "" && typed.again !== typed.fresh;
  const changing = useMutation({
    mutationFn: () => changePassword(typed.current, typed.fresh),
    onSuccess: (session) => {
      queries.setQueryData(sessionQuery.queryKey, session);
      setTyped({ current: "", fresh: "", again: "" });
    },
  });
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (!changing.isPending && typed.fresh === typed.again) changing.mutate();
  };
  const set = (name: keyof typeof typed) => (_: unknown, { value }: { value: string }) => setTyped((now) => ({ ...now, [name]: value }));
  const atField = changing.error instanceof ApiError && ["currentPassword", "newPassword"].includes(changing.error.property ?? "");
  return (
    <>
      <PageHeader title="Change password" />
      <PageBody>
        {session?.roles.length === 0 && <MessageBar intent="warning" layout="multiline"><MessageBarBody>You have no role yet: ask a Global Administrator for one.</MessageBarBody></MessageBar>}
        {changing.isSuccess && (
          <MessageBar intent="success" layout="multiline" role="status"><MessageBarBody>The password is changed. You are signed out everywhere but here.</MessageBarBody></MessageBar>
        )}
        <form className={styles.form} onSubmit={submit} aria-label="Change password">
          <input type="text" autoComplete="username" value={session?.displayName ?? ""} readOnly hidden aria-hidden />
          <ErrorBar error={atField ? undefined : changing.error} />
          <FormField label="Current password" required property="currentPassword" error={changing.error}>
            <Input type="password" autoComplete="current-password" value={typed.current} onChange={set("current")} />
          </FormField>
          <FormField label="New password" hint="12 characters at least." required property="newPassword" error={changing.error}>
            <Input type="password" autoComplete="new-password" value={typed.fresh} onChange={set("fresh")} />
          </FormField>
          <FormField label="New password again" required validationState={differs ? "error" : "none"} validationMessage={differs ? "This is not the same password." : undefined}>
            <Input type="password" autoComplete="new-password" value={typed.again} onChange={set("again")} />
          </FormField>
          <div><Button type="submit" appearance="primary" disabledFocusable={changing.isPending || !typed.current || !typed.fresh || typed.again !== typed.fresh}>Change password</Button></div>
        </form>
      </PageBody>
    </>
  );
}
