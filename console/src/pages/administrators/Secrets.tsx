import { Badge, Button, Input, makeStyles, TableCell, TableRow, Text, tokens } from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SubmitEvent, useState } from "react";

import { type Administrator, type ClientSecret, createSecret, deleteSecret } from "../../api/administrators";
import { ConfirmDialog } from "../../parts/ConfirmDialog";
import { ErrorBar } from "../../parts/ErrorBar";
import { FormField } from "../../parts/FormField";
import { SecretOnce } from "../../parts/SecretOnce";
import { SmallTable } from "../../parts/SmallTable";
import { When } from "../../parts/When";

const useStyles = makeStyles({ form: { display: "flex", flexWrap: "wrap", alignItems: "start", gap: tokens.spacingHorizontalM },
  button: { marginBlockStart: "26px" } });

/** The client secrets of a tool: each is shown once, when it is made. */
export function Secrets({ administrator }: { administrator: Administrator }) {
  const styles = useStyles();
  const queries = useQueryClient();
  const [label, setLabel] = useState("");
  const [day, setDay] = useState("");
  const [removing, setRemoving] = useState<ClientSecret>();
  const refresh = () => queries.invalidateQueries({ queryKey: ["administrators"] });
  const creating = useMutation({
    mutationFn: () => createSecret(administrator.id, label, day ? `${day}T00:00:00Z` : undefined),
    onSuccess: () => setLabel(""),
    onSettled: refresh,
  });
  const deleting = useMutation({ mutationFn: (id: string) => deleteSecret(administrator.id, id), onSuccess: () => setRemoving(undefined), onSettled: refresh });
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (!creating.isPending) creating.mutate();
  };
  const secrets = administrator.secrets ?? [];
  return (
    <>
      {creating.data?.secret && <SecretOnce label="Client secret" secret={creating.data.secret} />}
      {secrets.length === 0 ? (
        <Text>No secret yet: the tool cannot get an access token.</Text>
      ) : (
        <SmallTable label="Client secrets" columns={["Description", "Expires", "Last used", { name: "Delete", width: "96px" }]} least={480}>
          {secrets.map((secret) => (
            <TableRow key={secret.id}>
              <TableCell>{secret.label || "No description"}</TableCell>
              <TableCell>{secret.expired ? <Badge appearance="tint" color="danger">Expired</Badge> : <When time={secret.expires} />}</TableCell>
              <TableCell><When time={secret.lastUsed} /></TableCell>
              <TableCell><Button size="small" aria-label={`Delete ${secret.label || "the secret without a description"}`} onClick={() => { deleting.reset(); setRemoving(secret); }}>Delete</Button></TableCell>
            </TableRow>
          ))}
        </SmallTable>
      )}
      <form className={styles.form} onSubmit={submit} aria-label="New client secret">
        <FormField label="Description" property="label" error={creating.error}><Input value={label} onChange={(_, { value }) => setLabel(value)} /></FormField>
        <FormField label="Expires" hint="180 days without a date, two years at most." property="expires" error={creating.error}><Input type="date" value={day} onChange={(_, { value }) => setDay(value)} /></FormField>
        <Button type="submit" className={styles.button} disabledFocusable={creating.isPending}>New client secret</Button>
      </form>
      <ErrorBar error={creating.error} />
      <ConfirmDialog
        open={removing !== undefined}
        title={`Delete the client secret ${removing?.label ?? ""}?`}
        action="Delete"
        danger
        pending={deleting.isPending}
        error={deleting.error}
        onConfirm={() => removing && deleting.mutate(removing.id)}
        onCancel={() => setRemoving(undefined)}
      >
        {`${administrator.displayName} gets no more access tokens for it, and those that it got open nothing from now on.`}
      </ConfirmDialog>
    </>
  );
}
