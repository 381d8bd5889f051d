import { Button, Input, makeStyles, MessageBar, MessageBarBody, MessageBarTitle, Spinner, tokens } from "@fluentui/react-components";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { templateQuery } from "../../../api/applications";
import { ErrorBar } from "../../../parts/ErrorBar";
import { FormField } from "../../../parts/FormField";
import { Section } from "../../../parts/PageBody";
import { useApplication } from "../layout/application";
import { type Fields, problem } from "./fields";
import { tryConnection } from "./save";

const useStyles = makeStyles({ test: { display: "grid", gap: tokens.spacingVerticalS, justifyItems: "start" } });

/** Where the application is reached, and with which token. */
export function CredentialFields({ saved, now, change, problems, error, readOnly }: Fields) {
  const styles = useStyles();
  const { application, job } = useApplication();
  const queries = useQueryClient();
  const template = useQuery({ ...templateQuery(application.applicationTemplateId ?? ""), enabled: Boolean(application.applicationTemplateId) });
  const testing = useMutation({
    mutationFn: () => tryConnection(application, job, saved, now),
    onSettled: () => queries.invalidateQueries({ queryKey: ["jobs"] }),
  });
  const example = template.data?.tenantUrlExample;
  const hidden = saved.automatic && !saved.tenantUrl;
  const edit = (part: { tenantUrl?: string; secretToken?: string }) => {
    testing.reset();
    change(part);
  };
  return (
    <Section title="Admin Credentials">
      <FormField label="Tenant URL" required property="BaseAddress" error={error} hint={hidden ? "The one that is saved is not shown, as it may hold a secret; what you enter replaces it." : example && `For example ${example}`} {...problem(problems.tenantUrl)}>
        <Input type="url" value={now.tenantUrl} readOnly={readOnly} onChange={(_, { value }) => edit({ tenantUrl: value })} />
      </FormField>
      <FormField
        label="Secret Token"
        property="SecretToken"
        error={error}
        hint={saved.automatic ? "What is saved is never shown; what you enter replaces it." : "The token that the application gives for SCIM."}
      >
        <Input type="password" autoComplete="off" value={now.secretToken} readOnly={readOnly} onChange={(_, { value }) => edit({ secretToken: value })} />
      </FormField>
      {!readOnly && (
        <div className={styles.test}>
          <Button icon={testing.isPending ? <Spinner size="tiny" /> : undefined} disabledFocusable={testing.isPending} onClick={() => !testing.isPending && testing.mutate()}>
            Test Connection
          </Button>
          <ErrorBar error={testing.error} />
          {testing.isSuccess && (
            <MessageBar intent="success" layout="multiline" role="status">
              <MessageBarBody>
                <MessageBarTitle>The connection works.</MessageBarTitle> The application accepts these credentials for provisioning.
              </MessageBarBody>
            </MessageBar>
          )}
        </div>
      )}
    </Section>
  );
}
