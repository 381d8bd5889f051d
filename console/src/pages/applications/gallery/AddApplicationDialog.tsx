import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Input, makeStyles, tokens } from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type SubmitEvent, useState } from "react";

import { addApplication, type ApplicationTemplate } from "../../../api/applications";
import { ErrorBar } from "../../../parts/ErrorBar";
import { FocusBack } from "../../../parts/FocusBack";
import { FormField } from "../../../parts/FormField";
import { useToasts } from "../../../parts/toasts";

const useStyles = makeStyles({ content: { display: "grid", gap: tokens.spacingVerticalM } });

/** Names an application of the gallery, and adds it. */
export function AddApplicationDialog({ template, onCancel }: { template: ApplicationTemplate; onCancel: () => void }) {
  const styles = useStyles();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const toasts = useToasts();
  const title = template.displayName ?? template.id;
  const [name, setName] = useState(title);
  const adding = useMutation({
    mutationFn: () => addApplication(template.id, name.trim()),
    onSuccess: async ({ id }) => {
      toasts.done(`${name.trim()} was added`);
      await queries.invalidateQueries({ queryKey: ["applications"] });
      await navigate({ to: "/applications/$id", params: { id } });
    },
  });
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (name.trim() && !adding.isPending) adding.mutate();
  };
  return (
    <Dialog open onOpenChange={(_, { open }) => !open && onCancel()}>
      <DialogSurface>
        <FocusBack />
        <form onSubmit={submit}>
          <DialogBody>
            <DialogTitle>Add {title}</DialogTitle>
            <DialogContent className={styles.content}>
              <FormField label="Name" required property="displayName" error={adding.error} hint="As administrators and the provisioning log call it.">
                <Input value={name} onChange={(_, { value }) => setName(value)} />
              </FormField>
              <ErrorBar error={adding.error} />
            </DialogContent>
            <DialogActions>
              <Button type="submit" appearance="primary" disabledFocusable={!name.trim() || adding.isPending}>Create</Button>
              <Button onClick={onCancel}>Cancel</Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  );
}
