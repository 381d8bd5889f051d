import { Button, Input, makeStyles, Radio, RadioGroup, Text, tokens } from "@fluentui/react-components";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type SubmitEvent, useState } from "react";

import { type ImportPlan, type ImportSchedule, removeSchedule, runSchedule, scheduleQuery, setSchedule } from "../../api/imports";
import { ApiError } from "../../api/errors";
import { ErrorBar } from "../../parts/ErrorBar";
import { Facts } from "../../parts/Facts";
import { FormField } from "../../parts/FormField";
import { useToasts } from "../../parts/toasts";
import { Unread } from "../../parts/Unread";
import { UnsavedGuard } from "../../parts/UnsavedGuard";
import { When } from "../../parts/When";

const useStyles = makeStyles({
  form: { display: "grid", gap: tokens.spacingVerticalM, maxWidth: "480px" },
  actions: { display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalM },
});

/** The file of users that the server imports by itself. */
export function Schedule({ writable }: { writable: boolean }) {
  const schedule = useQuery(scheduleQuery);
  if (!schedule.data) return <Unread small of={schedule} what="the schedule" />;
  return <Loaded key={JSON.stringify(schedule.data.schedule)} of={schedule.data} writable={writable} />;
}

function Loaded({ of: { folder, schedule, next, last }, writable }: { of: ImportSchedule; writable: boolean }) {
  const styles = useStyles();
  const queries = useQueryClient();
  const toasts = useToasts();
  const given = { file: schedule?.file ?? "", by: schedule?.when.at ? "at" : "every", every: schedule?.when.every ?? "PT6H", at: schedule?.when.at ?? "02:30", zone: schedule?.when.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone };
  const [draft, setDraft] = useState(given);
  const unsaved = JSON.stringify(draft) !== JSON.stringify(given);
  const refresh = () => queries.invalidateQueries({ queryKey: ["imports"] });
  const plan: ImportPlan = { ...schedule, file: draft.file.trim(), when: draft.by === "at" ? { at: draft.at, timeZone: draft.zone } : { every: draft.every } };
  const saving = useMutation({ mutationFn: () => setSchedule(plan), onSuccess: () => toasts.done("Saved"), onSettled: refresh });
  const ending = useMutation({ mutationFn: removeSchedule, onSuccess: () => toasts.done("No file is imported by itself any more"), onSettled: refresh });
  const running = useMutation({
    mutationFn: runSchedule,
    onSuccess: ({ outcome, message }) => toasts.done(message ?? `The file is ${outcome}`),
    onSettled: () => queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== "session" }),
  });
  const atField = saving.error instanceof ApiError && ["file", "when.every", "when.at", "when.timeZone"].includes(saving.error.property ?? "");
  const set = (name: keyof typeof draft) => (_: unknown, { value }: { value: string }) => setDraft((now) => ({ ...now, [name]: value }));
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (!saving.isPending) saving.mutate();
  };
  return (
    <>
      <Text>{`The server imports a file of the folder ${folder} as one that names everybody.`}</Text>
      {schedule ? (
        <Facts
          of={[
            ["File", schedule.file],
            ["Next", next ? <When time={next} /> : "when the file has changed"],
            ["Last", last && <><When time={last.ended} />{`: ${last.outcome}${last.message ? `, ${last.message}` : ""}`}</>],
          ]}
        />
      ) : (
        <Text>No file is imported by itself.</Text>
      )}
      {writable && (
        <form className={styles.form} onSubmit={submit} aria-label="Schedule">
          <FormField label="Name of the file" required property="file" error={saving.error}><Input value={draft.file} onChange={set("file")} placeholder="users.csv" /></FormField>
          <RadioGroup value={draft.by} onChange={set("by")} aria-label="When" layout="horizontal">
            <Radio value="every" label="At an interval" />
            <Radio value="at" label="At a time of day" />
          </RadioGroup>
          {draft.by === "every" ? (
            <FormField label="Interval" hint="As in ISO 8601: PT6H is six hours, P1D a day." property="when.every" error={saving.error}><Input value={draft.every} onChange={set("every")} /></FormField>
          ) : (
            <>
              <FormField label="Time of day" property="when.at" error={saving.error}><Input type="time" value={draft.at} onChange={set("at")} /></FormField>
              <FormField label="Time zone" property="when.timeZone" error={saving.error}><Input value={draft.zone} onChange={set("zone")} /></FormField>
            </>
          )}
          <ErrorBar error={atField ? (ending.error ?? running.error) : (saving.error ?? ending.error ?? running.error)} />
          <div className={styles.actions}>
            <Button type="submit" appearance={unsaved ? "primary" : "secondary"} disabledFocusable={saving.isPending || !draft.file.trim()}>Save schedule</Button>
            {schedule && <Button disabledFocusable={running.isPending} onClick={() => running.mutate()}>{running.isPending ? "Importing…" : "Import now"}</Button>}
            {schedule && <Button disabledFocusable={ending.isPending} onClick={() => ending.mutate()}>End the schedule</Button>}
          </div>
          <UnsavedGuard unsaved={unsaved && !saving.isPending} />
        </form>
      )}
    </>
  );
}
