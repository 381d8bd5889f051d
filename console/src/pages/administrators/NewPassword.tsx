import { Button, Input, makeStyles, Text, tokens } from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SubmitEvent, useState } from "react";

import { changeAdministrator } from "../../api/administrators";
import { ApiError } from "../../api/errors";
import { ErrorBar } from "../../parts/ErrorBar";
import { FormField } from "../../parts/FormField";
import { useToasts } from "../../parts/toasts";

const useStyles = makeStyles({ form: { display: "grid", gap: tokens.spacingVerticalM, maxWidth: "420px" } });

/** A new password for a person who has none, or has forgotten it. */
export function NewPassword({ id, hasPassword }: { id: string; hasPassword: boolean }) {
  const styles = useStyles();
  const queries = useQueryClient();
  const toasts = useToasts();
  const [password, setPassword] = useState("");
  const setting = useMutation({
    mutationFn: () => changeAdministrator(id, { password }),
    onSuccess: () => {
      setPassword("");
      toasts.done("The password is set");
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ["administrators"] }),
  });
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (!setting.isPending && password) setting.mutate();
  };
  const atField = setting.error instanceof ApiError && setting.error.property === "password";
  return (
    <form className={styles.form} onSubmit={submit} aria-label="Password">
      <Text>{hasPassword ? "A new password ends every session of this person." : "There is no password yet: this person cannot sign in."}</Text>
      <ErrorBar error={atField ? undefined : setting.error} />
      <FormField label="New password" hint="12 characters at least." property="password" error={setting.error}>
        <Input type="password" autoComplete="new-password" value={password} onChange={(_, { value }) => setPassword(value)} />
      </FormField>
      <div><Button type="submit" disabledFocusable={!password || setting.isPending}>Set password</Button></div>
    </form>
  );
}
