import { Select, Text } from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { rotateSecret, type Webhook, webhooksKey } from "../../api/webhooks";
import { FormDialog } from "../../parts/FormDialog";
import { FormField } from "../../parts/FormField";
import { OVERLAPS } from "./RotateToken";
import { WebhookSecretOnce } from "./WebhookSecretOnce";

/** Another secret for a webhook; the one before signs as well until the application has the other. */
export function RotateWebhookSecret({ tenant, webhook, onClose }: { tenant: string; webhook: Webhook; onClose: () => void }) {
  const queries = useQueryClient();
  const [overlap, setOverlap] = useState("P1D");
  const rotating = useMutation({
    mutationFn: () => rotateSecret(tenant, webhook.id, overlap),
    onSettled: () => queries.invalidateQueries({ queryKey: webhooksKey(tenant) }),
  });
  if (rotating.data) return <WebhookSecretOnce title="The new secret" secret={rotating.data.secret} onClose={onClose} />;
  return (
    <FormDialog title="Rotate the signing secret" action="Rotate" pending={rotating.isPending} error={rotating.error} onSubmit={() => rotating.mutate()} onClose={onClose}>
      <Text>A new secret is made. Until the old one ends, events are signed by both: give the new one to the application before.</Text>
      <FormField label="The old secret ends">
        <Select value={overlap} onChange={(_, { value }) => setOverlap(value)}>
          {OVERLAPS.map(([value, name]) => <option key={value} value={value}>{name}</option>)}
        </Select>
      </FormField>
    </FormDialog>
  );
}
