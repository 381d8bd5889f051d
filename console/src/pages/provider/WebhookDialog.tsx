import { Checkbox, Input, Label, Text } from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";

import { ApiError } from "../../api/errors";
import { changeWebhook, createWebhook, type Webhook, webhooksKey } from "../../api/webhooks";
import { FormDialog } from "../../parts/FormDialog";
import { FormField } from "../../parts/FormField";
import { useToasts } from "../../parts/toasts";
import { chosenOf, EVENTS, wantedOf } from "./webhook";
import { WebhookSecretOnce } from "./WebhookSecretOnce";

/** A webhook that is made, or changed. Of a new one the secret is shown, once. */
export function WebhookDialog({ tenant, webhook, onClose }: { tenant: string; webhook?: Webhook; onClose: () => void }) {
  const queries = useQueryClient();
  const toasts = useToasts();
  const [url, setUrl] = useState(webhook?.url ?? "");
  const [description, setDescription] = useState(webhook?.description ?? "");
  const [chosen, setChosen] = useState(chosenOf(webhook));
  const [includeResource, setIncludeResource] = useState(webhook?.includeResource ?? true);
  const events = useId();
  const onSettled = () => queries.invalidateQueries({ queryKey: webhooksKey(tenant) });
  const body = { url, description, events: wantedOf(chosen), includeResource };
  const making = useMutation({ mutationFn: () => createWebhook(tenant, body), onSettled });
  const changing = useMutation({
    mutationFn: (id: string) => changeWebhook(tenant, id, body),
    onSuccess: () => {
      toasts.done("Saved");
      onClose();
    },
    onSettled,
  });
  if (making.data) return <WebhookSecretOnce title="The webhook is made" secret={making.data.secret} onClose={onClose} />;
  const error = making.error ?? changing.error;
  const pending = making.isPending || changing.isPending;
  const atField = error instanceof ApiError && ["url", "description"].includes(error.property ?? "");
  const toggle = (type: string) => setChosen((now) => {
    const next = new Set(now);
    if (!next.delete(type)) next.add(type);
    return next;
  });
  return (
    <FormDialog
      title={webhook ? "Edit webhook" : "New webhook"}
      action={webhook ? "Save" : "Create"}
      pending={pending}
      incomplete={!url.trim() || chosen.size === 0}
      error={atField ? undefined : error}
      onSubmit={() => (webhook ? changing.mutate(webhook.id) : making.mutate())}
      onClose={onClose}
    >
      <FormField label="Address" hint="Where the application takes events, such as https://app.example.com/hooks." required property="url" error={error}>
        <Input type="url" value={url} onChange={(_, { value }) => setUrl(value)} />
      </FormField>
      <FormField label="Description" property="description" error={error}>
        <Input value={description} onChange={(_, { value }) => setDescription(value)} />
      </FormField>
      <div role="group" aria-labelledby={events}>
        <Label id={events}>Events</Label>
        {EVENTS.map(([type, label]) => <div key={type}><Checkbox label={label} checked={chosen.has(type)} onChange={() => toggle(type)} /></div>)}
        {chosen.size === 0 && <Text size={200} role="alert">Choose at least one.</Text>}
      </div>
      <Checkbox
        label="Send the user or group with each event"
        checked={includeResource}
        onChange={(_, { checked }) => setIncludeResource(checked === true)}
      />
    </FormDialog>
  );
}
