import { Input, Radio, RadioGroup, Text } from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { ApiError } from "../../api/errors";
import { replayWebhook, type Webhook, webhooksKey } from "../../api/webhooks";
import { FormDialog } from "../../parts/FormDialog";
import { FormField } from "../../parts/FormField";
import { useToasts } from "../../parts/toasts";

/** Lets a webhook go on from a moment in the past, or from now. */
export function ReplayWebhook({ tenant, webhook, onClose }: { tenant: string; webhook: Webhook; onClose: () => void }) {
  const queries = useQueryClient();
  const toasts = useToasts();
  const [from, setFrom] = useState("moment");
  const [moment, setMoment] = useState("");
  const replaying = useMutation({
    mutationFn: () => replayWebhook(tenant, webhook.id, from === "now" ? { position: "now" } : { from: new Date(moment).toISOString() }),
    onSuccess: () => {
      toasts.done(from === "now" ? "What waited is skipped" : "The events are sent again");
      onClose();
    },
    onSettled: () => queries.invalidateQueries({ queryKey: webhooksKey(tenant) }),
  });
  const atField = from === "moment" && replaying.error instanceof ApiError && replaying.error.property === "from";
  return (
    <FormDialog title="Replay" action="Replay" pending={replaying.isPending} incomplete={from === "moment" && !moment} error={atField ? undefined : replaying.error} onSubmit={() => replaying.mutate()} onClose={onClose}>
      <RadioGroup aria-label="From where" value={from} onChange={(_, { value }) => setFrom(value)}>
        <Radio value="moment" label="Send again what happened since a moment" />
        <Radio value="now" label="Skip what waits, and go on with what happens from now on" />
      </RadioGroup>
      {from === "moment" ? (
        <FormField label="Since" hint="In your time. It begins with the oldest change that is kept." property="from" error={replaying.error}>
          <Input type="datetime-local" value={moment} onChange={(_, { value }) => setMoment(value)} />
        </FormField>
      ) : (
        <Text>{webhook.waiting === 1 ? "1 event waits" : `${webhook.waiting} events wait`}. The application is not told of what is skipped.</Text>
      )}
    </FormDialog>
  );
}
