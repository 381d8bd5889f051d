import { Badge, Button, MessageBar, MessageBarBody, MessageBarTitle } from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { resend, type WebhookDelivery, webhooksKey } from "../../api/webhooks";
import { Details } from "../../parts/Details";
import { ErrorBar } from "../../parts/ErrorBar";
import { Facts } from "../../parts/Facts";
import { moment } from "../../parts/format";
import { useToasts } from "../../parts/toasts";
import { Answer } from "./Answer";
import { outcomeOf } from "./webhook";

interface Props {
  tenant: string;
  webhook: string;
  of: WebhookDelivery;
  writable: boolean;
  onClose: () => void;
}

const exact = (time?: string | null) => time && moment(time);

/** A delivery: what happened, what was answered, and sending it again. */
export function DeliveryDetails({ tenant, webhook, of, writable, onClose }: Props) {
  const queries = useQueryClient();
  const toasts = useToasts();
  const again = useMutation({
    mutationFn: () => resend(tenant, webhook, of.id),
    onSuccess: () => {
      toasts.done("The event is sent again");
      onClose();
    },
    onSettled: () => queries.invalidateQueries({ queryKey: webhooksKey(tenant) }),
  });
  const [word, grade] = outcomeOf(of);
  const { added, removed } = of.members;
  return (
    <Details title={of.eventType} onClose={onClose}>
      {of.error && (
        <MessageBar intent="warning" layout="multiline">
          <MessageBarBody><MessageBarTitle>{of.error}</MessageBarTitle></MessageBarBody>
        </MessageBar>
      )}
      <Facts
        of={[
          ["Outcome", <Badge key="outcome" appearance="tint" color={grade}>{word}</Badge>],
          ["Happened", exact(of.occurred)],
          ["Last try", exact(of.at)],
          ["Next try", exact(of.nextTry)],
          ["Tries", of.tries],
          ["Resource", of.resourceType],
          ["Id of the resource", of.resourceId],
          ["Members added", added.length || undefined],
          ["Members removed", removed.length || undefined],
          ["webhook-id", of.webhookId],
        ]}
      />
      <Answer of={of} />
      <ErrorBar error={again.error} />
      {writable && of.state !== "waiting" && (
        <div><Button disabledFocusable={again.isPending} onClick={() => again.mutate()}>Send again</Button></div>
      )}
    </Details>
  );
}
