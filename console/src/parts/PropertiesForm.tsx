import { Button, Input, makeStyles, Textarea, tokens } from "@fluentui/react-components";
import { type SubmitEvent, useState } from "react";

import { ApiError } from "../api/errors";
import { changes, type Draft, type Editable, type Values } from "./drafts";
import { ErrorBar } from "./ErrorBar";
import { FormField } from "./FormField";
import { UnsavedGuard } from "./UnsavedGuard";

const useStyles = makeStyles({
  form: { display: "grid", gap: tokens.spacingVerticalL, maxWidth: "840px" },
  fields: { display: "grid", gridTemplateColumns: "repeat(auto-fit, minmax(min(100%, 260px), 1fr))", alignItems: "start", gap: `${tokens.spacingVerticalM} ${tokens.spacingHorizontalXL}` },
  actions: { display: "flex", gap: tokens.spacingHorizontalM },
});

interface Props<Property extends string> {
  fields: Editable<Property>[];
  /** What there is; empty for something new. */
  values: Values<Property>;
  action: string;
  readOnly?: boolean;
  pending: boolean;
  error: unknown;
  /** Whether what was typed is saved by now. */
  saved: boolean;
  onSave: (change: Values<Property>, done: () => void) => void;
}

/** The properties of a user or a group. */
export function PropertiesForm<Property extends string>({ fields, values, action, readOnly, pending, error, saved, onSave }: Props<Property>) {
  const styles = useStyles();
  const [draft, setDraft] = useState<Draft<Property>>({});
  const change = changes(draft, values);
  const unsaved = Object.keys(change).length > 0;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (unsaved && !pending) onSave(change, () => setDraft({}));
  };
  const atField = error instanceof ApiError && fields.some(({ property }) => property === error.property);
  return (
    <form className={styles.form} onSubmit={submit} aria-label="Properties">
      <ErrorBar error={atField ? undefined : error} />
      <div className={styles.fields}>
        {fields.map(({ property, label, required, long }) => {
          const Text = long ? Textarea : Input;
          return (
            <FormField key={property} label={label} required={required} property={property} error={error}>
              <Text
                value={draft[property] ?? values[property] ?? ""}
                readOnly={readOnly}
                onChange={(_: unknown, { value }: { value: string }) => setDraft((now) => ({ ...now, [property]: value }))}
              />
            </FormField>
          );
        })}
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
