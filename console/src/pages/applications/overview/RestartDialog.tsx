import { Button, Checkbox, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, makeStyles, Radio, RadioGroup, Text, tokens } from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { type ResetScope, restartJob } from "../../../api/jobs";
import { ErrorBar } from "../../../parts/ErrorBar";
import { FocusBack } from "../../../parts/FocusBack";
import { useToasts } from "../../../parts/toasts";
import { useApplication } from "../layout/application";

const useStyles = makeStyles({
  content: { display: "grid", gap: tokens.spacingVerticalS },
  scopes: { display: "grid", paddingInlineStart: tokens.spacingHorizontalXXL },
});

const SCOPES: [ResetScope, string][] = [
  ["Watermark", "Look at every object again"],
  ["Escrows", "Try what failed again at once"],
  ["QuarantineState", "End the quarantine"],
  ["ForceDeletes", "Let go ahead what guards hold back"],
];
/** What Graph resets where nothing is chosen. */
const USUAL: ResetScope[] = ["Watermark", "Escrows", "QuarantineState"];

/** Restarts a job, with the choice of what is reset. */
export function RestartDialog({ job, onClosed }: { job: string; onClosed: () => void }) {
  const styles = useStyles();
  const { application } = useApplication();
  const queries = useQueryClient();
  const toasts = useToasts();
  const [full, setFull] = useState(false);
  const [chosen, setChosen] = useState<ReadonlySet<ResetScope>>(new Set(USUAL));
  const restarting = useMutation({
    mutationFn: () => restartJob(application.id, job, full ? ["Full"] : [...chosen]),
    onSuccess: async () => {
      toasts.done("Provisioning begins anew with the next cycle");
      onClosed();
      await queries.invalidateQueries({ queryKey: ["jobs"] });
    },
  });
  const toggle = (scope: ResetScope, on: boolean) =>
    setChosen((now) => new Set(SCOPES.map(([known]) => known).filter((known) => (known === scope ? on : now.has(known)))));
  const nothing = !full && chosen.size === 0;
  return (
    <Dialog open onOpenChange={(_, { open }) => !open && onClosed()}>
      <DialogSurface>
        <FocusBack />
        <DialogBody>
          <DialogTitle>Restart provisioning?</DialogTitle>
          <DialogContent className={styles.content}>
            <Text>A cycle that runs is stopped. Accounts in the application stay; the next cycle compares them with the directory again.</Text>
            <RadioGroup aria-label="What is reset" value={full ? "full" : "some"} onChange={(_, { value }) => setFull(value === "full")}>
              <Radio value="some" label="Reset what is chosen" />
              <div className={styles.scopes} role="group" aria-label="Parts">
                {SCOPES.map(([scope, label]) => (
                  <Checkbox key={scope} label={label} checked={!full && chosen.has(scope)} disabled={full} onChange={(_, { checked }) => toggle(scope, checked === true)} />
                ))}
              </div>
              <Radio value="full" label="Reset everything that the job remembers of its cycles" />
            </RadioGroup>
            <ErrorBar error={restarting.error} />
          </DialogContent>
          <DialogActions>
            <Button appearance="primary" disabledFocusable={nothing || restarting.isPending} onClick={() => !nothing && restarting.mutate()}>Restart</Button>
            <Button onClick={onClosed}>Cancel</Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
