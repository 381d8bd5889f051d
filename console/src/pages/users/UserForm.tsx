import { Button, Input, makeStyles, tokens } from "@fluentui/react-components";
import { type SubmitEvent, useState } from "react";

import { ApiError } from "../../api/errors";
import type { User } from "../../api/users";
import { ErrorBar } from "../../parts/ErrorBar";
import { FormField } from "../../parts/FormField";
import { UnsavedGuard } from "../../parts/UnsavedGuard";
import { changes, type Draft, FIELDS } from "./fields";

const useStyles = makeStyles({
  form: { display: "grid", gap: tokens.spacingVerticalL, maxWidth: "840px" },
  fields: { display: "grid", gridTemplateColumns: "repeat(auto-fit, minmax(min(100%, 260px), 1fr))", gap: `${tokens.spacingVerticalM} ${tokens.spacingHorizontalXL}` },
  actions: { display: "flex", gap: tokens.spacingHorizontalM },
});

interface Props {
  /** What there is; empty for a new one. */
  user: Partial<User>;
  action: string;
  readOnly?: boolean;
  pending: boolean;
  error: unknown;
  /** Whether what was typed is saved by now. */
  saved: boolean;
  onSave: (change: Partial<User>, done: () => void) => void;
}

/** The properties of a user. */
export function UserForm({ user, action, readOnly, pending, error, saved, onSave }: Props) {
  const styles = useStyles();
  const [draft, setDraft] = useState<Draft>({});
  const change = changes(draft, user);
  const unsaved = Object.keys(change).length > 0;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (unsaved && !pending) onSave(change, () => setDraft({}));
  };
  const atField = error instanceof ApiError && FIELDS.some(({ property }) => property === error.property);
  return (
    <form className={styles.form} onSubmit={submit} aria-label="Properties">
      <ErrorBar error={atField ? undefined : error} />
      <div className={styles.fields}>
        {FIELDS.map(({ property, label, required }) => (
          <FormField key={property} label={label} required={required} property={property} error={error}>
            <Input
              value={draft[property] ?? user[property] ?? ""}
              readOnly={readOnly}
              onChange={(_, { value }) => setDraft((now) => ({ ...now, [property]: value }))}
            />
          </FormField>
        ))}
      </div>
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
