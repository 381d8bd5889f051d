import { MessageBar, MessageBarBody, MessageBarTitle, Spinner } from "@fluentui/react-components";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";

import { testWebhook, type Webhook, webhooksKey } from "../../api/webhooks";
import { FormDialog } from "../../parts/FormDialog";
import { Answer } from "./Answer";

/** Sends a test event, and shows what came of it. */
export function TestWebhook({ tenant, webhook, onClose }: { tenant: string; webhook: Webhook; onClose: () => void }) {
  const queries = useQueryClient();
  // Sent once for each time that the dialog is opened.
  const test = useQuery({ queryKey: ["webhookTest", webhook.id], queryFn: () => testWebhook(tenant, webhook.id), retry: false, staleTime: "static", gcTime: 0 });
  const done = test.isFetched;
  useEffect(() => {
    if (done) void queries.invalidateQueries({ queryKey: webhooksKey(tenant) });
  }, [done, queries, tenant]);
  const arrived = test.data?.state === "delivered";
  return (
    <FormDialog title="Test event" error={test.error} onClose={onClose}>
      {test.isPending && <Spinner label="Waiting for the answer" />}
      {test.data && (
        <>
          <MessageBar intent={arrived ? "success" : "error"} layout="multiline">
            <MessageBarBody>
              <MessageBarTitle>{arrived ? "The application acknowledged the event." : "The event was not acknowledged."}</MessageBarTitle>
              {test.data.error}
            </MessageBarBody>
          </MessageBar>
          <Answer of={test.data} />
        </>
      )}
    </FormDialog>
  );
}
