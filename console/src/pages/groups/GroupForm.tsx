import { Button, Input, makeStyles, Textarea, tokens } from "@fluentui/react-components";
import { type SubmitEvent, useState } from "react";

import { ApiError } from "../../api/errors";
import type { Group } from "../../api/groups";
import { ErrorBar } from "../../parts/ErrorBar";
import { FormField } from "../../parts/FormField";
import { UnsavedGuard } from "../../parts/UnsavedGuard";
import { changes, type Draft } from "./fields";

const useStyles = makeStyles({
  form: { display: "grid", gap: tokens.spacingVerticalL, maxWidth: "560px" },
  actions: { display: "flex", gap: tokens.spacingHorizontalM },
});

interface Props {
  /** What there is; empty for a new one. */
  group: Partial<Group>;
  action: string;
  readOnly?: boolean;
  pending: boolean;
  error: unknown;
  /** Whether what was typed is saved by now. */
  saved: boolean;
  onSave: (change: Partial<Group>, done: () => void) => void;
}

/** The properties of a group. */
export function GroupForm({ group, action, readOnly, pending, error, saved, onSave }: Props) {
  const styles = useStyles();
  const [draft, setDraft] = useState<Draft>({});
  const change = changes(draft, group);
  const unsaved = Object.keys(change).length > 0;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (unsaved && !pending) onSave(change, () => setDraft({}));
  };
  const atField = error instanceof ApiError && ["displayName", "description", "mailNickname"].includes(error.property ?? "");
  const value = (property: keyof Draft) => draft[property] ?? group[property] ?? "";
  const set = (property: keyof Draft) => (_: unknown, { value }: { value: string }) => setDraft((now) => ({ ...now, [property]: value }));
  return (
    <form className={styles.form} onSubmit={submit} aria-label="Properties">
      <ErrorBar error={atField ? undefined : error} />
      <FormField label="Group name" required property="displayName" error={error}>
        <Input value={value("displayName")} readOnly={readOnly} onChange={set("displayName")} />
      </FormField>
      <FormField label="Group description" property="description" error={error}>
        <Textarea value={value("description")} readOnly={readOnly} onChange={set("description")} />
      </FormField>
      <FormField label="Mail nickname" property="mailNickname" error={error}>
        <Input value={value("mailNickname")} readOnly={readOnly} onChange={set("mailNickname")} />
      </FormField>
      {!readOnly && (
        <div className={styles.actions}>
          <Button type="submit" appearance="primary" disabledFocusable={!unsaved || pending}>{action}</Button>
          {unsaved && <Button onClick={() => setDraft({})}>Discard</Button>}
        </div>
      )}
      <UnsavedGuard unsaved={unsaved && !saved} />
    </form>
  );
}
