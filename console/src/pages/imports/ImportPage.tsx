import { Button, Checkbox, Field, Input, makeStyles, ProgressBar, Text, tokens } from "@fluentui/react-components";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";

import { importFile, type ImportKind, type ImportOptions, type ImportProgress } from "../../api/imports";
import { may, sessionQuery } from "../../api/session";
import { ErrorBar } from "../../parts/ErrorBar";
import { PageBody, Section } from "../../parts/PageBody";
import { PageHeader } from "../../parts/PageHeader";
import { Permitted } from "../../parts/Permitted";
import { useToasts } from "../../parts/toasts";
import { ImportReportView } from "./ImportReportView";
import { isAnything } from "./preview";
import { Schedule } from "./Schedule";

const useStyles = makeStyles({
  form: { display: "grid", gap: tokens.spacingVerticalM, maxWidth: "720px", justifyItems: "start" },
  actions: { display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalM },
  progress: { width: "min(100%, 480px)" },
});

const KINDS: Record<ImportKind, { title: string; above: { label: string; to: string }; columns: string }> = {
  users: {
    title: "Import users",
    above: { label: "Users", to: "/users" },
    columns: "The file of Download users or the template for bulk creation of the Entra admin center, or one of your own whose first line names the columns: userPrincipalName, displayName, department, manager, … Users are found by objectId, else by userPrincipalName.",
  },
  groups: {
    title: "Import groups",
    above: { label: "Groups", to: "/groups" },
    columns: "A row for each member: displayName, mailNickname, description, memberUserPrincipalName. Members that the file does not name stay.",
  },
};

export function ImportPage() {
  const { kind } = useParams({ from: "/shell/import/$kind" });
  return <ImportFile key={kind} kind={kind} />;
}

/** A file is chosen, its changes are looked at, and then made. */
function ImportFile({ kind }: { kind: ImportKind }) {
  const styles = useStyles();
  const { title, above, columns } = KINDS[kind];
  const navigate = useNavigate();
  const queries = useQueryClient();
  const toasts = useToasts();
  const { data: session } = useQuery(sessionQuery);
  const writable = !!session && may(session, "write", "directory");
  const chooser = useRef<HTMLInputElement>(null);
  const [file, setFile] = useState<File>();
  const [atomic, setAtomic] = useState(false);
  const [snapshot, setSnapshot] = useState(false);
  const [leavers, setLeavers] = useState("");
  const [progress, setProgress] = useState<ImportProgress>();
  const running = useRef<AbortController>(null);
  useEffect(() => () => running.current?.abort(), []);

  const run = (dryRun: boolean) => {
    running.current = new AbortController();
    const options: ImportOptions = { dryRun, atomic, snapshot, allowLeavers: leavers === "" ? undefined : Number(leavers) };
    return importFile(kind, file!, options, setProgress, running.current.signal).finally(() => setProgress(undefined));
  };
  const looking = useMutation({ mutationFn: () => run(true) });
  const importing = useMutation({
    mutationFn: () => run(false),
    onSuccess: () => toasts.done("The file is imported"),
    onSettled: () => queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== "session" }),
  });
  const busy = looking.isPending || importing.isPending;
  const anew = () => {
    looking.reset();
    importing.reset();
  };
  const report = importing.data ?? looking.data;
  return (
    <>
      <PageHeader title={title} above={[above]} />
      <PageBody>
        <Permitted area="directory">
          <Section title="File">
            <div className={styles.form}>
              <Text>{columns}</Text>
              <Field label="File with comma-separated values" hint={file?.name ?? "None is chosen yet."}>
                <Button disabled={busy} onClick={() => chooser.current?.click()}>Choose file</Button>
              </Field>
              <input ref={chooser} type="file" accept=".csv,.txt,text/csv" hidden aria-hidden
                onChange={({ target }) => { anew(); setFile(target.files?.[0] ?? undefined); target.value = ""; }} />
              <Checkbox label="Import all rows or none" checked={atomic} disabled={busy} onChange={(_, { checked }) => { anew(); setAtomic(checked === true); }} />
              {kind === "users" && (
                <Checkbox label="The file names everybody: whoever is not in it leaves" checked={snapshot} disabled={busy} onChange={(_, { checked }) => { anew(); setSnapshot(checked === true); }} />
              )}
              {snapshot && (
                <Field label="Users that may leave this time" hint="Without a number the guard lets 500 go at most, and 20 % of all.">
                  <Input type="number" min={0} value={leavers} disabled={busy} onChange={(_, { value }) => { anew(); setLeavers(value); }} />
                </Field>
              )}
              <div className={styles.actions}>
                <Button appearance={report ? "secondary" : "primary"} disabledFocusable={!file || busy} onClick={() => { if (file && !busy) { anew(); looking.mutate(); } }}>
                  {looking.isPending ? "Looking…" : "Preview changes"}
                </Button>
                {looking.data && !importing.data && (
                  <Button appearance="primary" disabledFocusable={busy || !isAnything(looking.data)} onClick={() => !busy && isAnything(looking.data) && importing.mutate()}>
                    {importing.isPending ? "Importing…" : "Import"}
                  </Button>
                )}
                {busy && <Button onClick={() => running.current?.abort()}>Stop</Button>}
                {importing.data && <Button appearance="primary" onClick={() => void navigate({ to: above.to })}>{`Go to ${above.label.toLowerCase()}`}</Button>}
              </div>
              {busy && (
                <Field className={styles.progress} validationState="none" validationMessage={progress ? `${Math.round((100 * progress.read) / Math.max(1, progress.size))} % of the file read` : "Sending the file"}>
                  <ProgressBar value={progress?.read} max={progress?.size} aria-label="Progress" />
                </Field>
              )}
              <ErrorBar error={importing.error ?? looking.error} />
            </div>
          </Section>
        </Permitted>
        {report && <Section title={importing.data ? "What was done" : "What would change"}><ImportReportView report={report} /></Section>}
        {kind === "users" && <Section title="Import by itself"><Schedule writable={writable} /></Section>}
      </PageBody>
    </>
  );
}
