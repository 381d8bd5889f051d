import { Button, Input, makeStyles, Radio, RadioGroup, tokens } from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type SubmitEvent, useEffect, useState } from "react";

import { createAdministrator } from "../../api/administrators";
import { ApiError } from "../../api/errors";
import { ErrorBar } from "../../parts/ErrorBar";
import { FormField } from "../../parts/FormField";
import { PageBody } from "../../parts/PageBody";
import { PageHeader } from "../../parts/PageHeader";
import { Permitted } from "../../parts/Permitted";
import { useToasts } from "../../parts/toasts";
import { UnsavedGuard } from "../../parts/UnsavedGuard";

const useStyles = makeStyles({ form: { display: "grid", gap: tokens.spacingVerticalL, maxWidth: "420px" } });

/** A person, with the first password, or a tool, which gets a client secret on its page. */
export function NewAdministratorPage() {
  const styles = useStyles();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const toasts = useToasts();
  const [type, setType] = useState("person");
  const [typed, setTyped] = useState({ displayName: "", signInName: "", password: "" });
  const { displayName, signInName, password } = typed;
  const creating = useMutation({
    mutationFn: () => createAdministrator(type === "tool" ? { type, displayName } : { type, displayName, signInName, password: password || undefined }),
    onSuccess: (made) => {
      toasts.done(`${made.displayName} was created`);
      return queries.invalidateQueries({ queryKey: ["administrators"] });
    },
  });
  const made = creating.data?.id;
  useEffect(() => {
    if (made) void navigate({ to: "/administrators/$id", params: { id: made }, replace: true });
  }, [made, navigate]);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (!creating.isPending) creating.mutate();
  };
  const set = (name: keyof typeof typed) => (_: unknown, { value }: { value: string }) => setTyped((now) => ({ ...now, [name]: value }));
  const atField = creating.error instanceof ApiError && (creating.error.property ?? "") in typed;
  return (
    <>
      <PageHeader title="New administrator" above={[{ label: "Administrators", to: "/administrators" }]} />
      <PageBody>
        <Permitted area="administrators">
          <form className={styles.form} onSubmit={submit} aria-label="New administrator">
            <ErrorBar error={atField ? undefined : creating.error} />
            <RadioGroup aria-label="Type" value={type} onChange={(_, { value }) => setType(value)}>
              <Radio value="person" label="A person, who signs in with a password" />
              <Radio value="tool" label="A tool, which gets access tokens for a client secret" />
            </RadioGroup>
            <FormField label="Display name" required property="displayName" error={creating.error}><Input value={displayName} onChange={set("displayName")} /></FormField>
            {type === "person" && (
              <>
                <FormField label="Sign-in name" required property="signInName" error={creating.error}><Input autoComplete="off" value={signInName} onChange={set("signInName")} /></FormField>
                <FormField label="First password" hint="12 characters at least. The person changes it after signing in. Without one nobody can sign in yet." property="password" error={creating.error}>
                  <Input type="password" autoComplete="new-password" value={password} onChange={set("password")} />
                </FormField>
              </>
            )}
            <div><Button type="submit" appearance="primary" disabledFocusable={creating.isPending || !displayName || (type === "person" && !signInName)}>Create</Button></div>
            <UnsavedGuard unsaved={Object.values(typed).some(Boolean) && !creating.isSuccess} />
          </form>
        </Permitted>
      </PageBody>
    </>
  );
}
