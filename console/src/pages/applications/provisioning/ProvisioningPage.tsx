import { makeStyles, Select, ToolbarButton, tokens } from "@fluentui/react-components";
import { ArrowUndo20Regular, Save20Regular } from "@fluentui/react-icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type SubmitEvent, useId, useState } from "react";

import { may, sessionQuery } from "../../../api/session";
import { CommandBar } from "../../../parts/CommandBar";
import { ErrorBar } from "../../../parts/ErrorBar";
import { FormField } from "../../../parts/FormField";
import { PageBody } from "../../../parts/PageBody";
import { useToasts } from "../../../parts/toasts";
import { UnsavedGuard } from "../../../parts/UnsavedGuard";
import { useApplication } from "../layout/application";
import { CredentialFields } from "./CredentialFields";
import { saveSettings } from "./save";
import { isChanged, problemsOf, type Settings, settingsOf } from "./settings";
import { SettingFields } from "./SettingFields";

const useStyles = makeStyles({
  commands: { padding: `0 ${tokens.spacingHorizontalXXL}`, "@media (max-width: 720px)": { paddingInline: tokens.spacingHorizontalM } },
  form: { maxWidth: "640px" },
});

/** How an application is provisioned: mode, credentials, notification, settings, status. */
export function ProvisioningPage() {
  const styles = useStyles();
  const form = useId();
  const { application, job } = useApplication();
  const queries = useQueryClient();
  const toasts = useToasts();
  const { data: session } = useQuery(sessionQuery);
  const [draft, setDraft] = useState<Partial<Settings>>({});
  const [told, setTold] = useState(false);
  const saved = settingsOf(job);
  const now = { ...saved, ...draft };
  const unsaved = isChanged(saved, now);
  const problems = problemsOf(saved, now);
  const writable = Boolean(session && may(session, "write", "applications"));
  const change = (part: Partial<Settings>) => setDraft((before) => ({ ...before, ...part }));
  const saving = useMutation({
    mutationFn: () => saveSettings(application, job, saved, now),
    onSuccess: async () => {
      // What is shown is what was saved, before the draft goes.
      await queries.invalidateQueries({ queryKey: ["jobs"] });
      setDraft({});
      setTold(false);
      toasts.done(now.on && !saved.on ? "Saved: provisioning is on, and the initial cycle begins" : "Saved");
    },
    onError: () => queries.invalidateQueries({ queryKey: ["jobs"] }),
  });
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    setTold(true);
    if (unsaved && Object.keys(problems).length === 0 && !saving.isPending) saving.mutate();
  };
  const discard = () => {
    setDraft({});
    setTold(false);
    saving.reset();
  };
  const fields = { saved, now, change, problems: told ? problems : {}, error: saving.error, readOnly: !writable };
  return (
    <>
      {writable && (
        <div className={styles.commands}>
          <CommandBar>
            <ToolbarButton type="submit" form={form} icon={<Save20Regular />} disabled={!unsaved || saving.isPending}>Save</ToolbarButton>
            <ToolbarButton icon={<ArrowUndo20Regular />} disabled={!unsaved} onClick={discard}>Discard</ToolbarButton>
          </CommandBar>
        </div>
      )}
      <form id={form} noValidate onSubmit={submit} className={styles.form} aria-label="Provisioning">
        <PageBody>
          <ErrorBar error={saving.error} />
          <FormField
            label="Provisioning Mode"
            hint={
              now.automatic
                ? "Accounts are created, updated and disabled in the application as users and assignments change."
                : "Automatic has accounts created, updated and disabled in the application."
            }
          >
            <Select
              value={now.automatic ? "automatic" : "manual"}
              disabled={!writable || saved.automatic}
              onChange={(_, { value }) => change({ automatic: value === "automatic" })}
            >
              <option value="manual">Manual</option>
              <option value="automatic">Automatic</option>
            </Select>
          </FormField>
          {now.automatic && <CredentialFields {...fields} />}
          {now.automatic && <SettingFields {...fields} />}
        </PageBody>
      </form>
      <UnsavedGuard unsaved={unsaved && writable} />
    </>
  );
}
