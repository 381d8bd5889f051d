import { Badge, Button, Link, makeStyles, TableCell, TableCellLayout, TableRow, Text, tokens } from "@fluentui/react-components";
import { Add20Regular } from "@fluentui/react-icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";

import { may, sessionQuery } from "../../api/session";
import { changeWebhook, deleteWebhook, type Webhook, webhooksKey, webhooksQuery } from "../../api/webhooks";
import { ConfirmDialog } from "../../parts/ConfirmDialog";
import { PageBody } from "../../parts/PageBody";
import { RowActions } from "../../parts/RowActions";
import { SmallTable } from "../../parts/SmallTable";
import { useToasts } from "../../parts/toasts";
import { Unread } from "../../parts/Unread";
import { When } from "../../parts/When";
import { RotateWebhookSecret } from "./RotateWebhookSecret";
import { TestWebhook } from "./TestWebhook";
import { eventsOf, standingOf } from "./webhook";
import { WebhookDialog } from "./WebhookDialog";

const useStyles = makeStyles({
  add: { display: "flex", gap: tokens.spacingHorizontalM },
  about: { maxWidth: "720px" },
  link: { textAlign: "start", overflowWrap: "anywhere" },
});

type Asking = { what: "new" } | { what: "edit" | "rotate" | "test" | "delete"; of: Webhook };

/** The webhooks of a tenant: who is told what happens to its users and groups. */
export function WebhooksPage() {
  const styles = useStyles();
  const queries = useQueryClient();
  const toasts = useToasts();
  const { tenant } = useParams({ from: "/shell/connectors/scim/$tenant/webhooks" });
  const navigate = useNavigate();
  const { data: session } = useQuery(sessionQuery);
  const writable = !!session && may(session, "write", "tenant");
  const webhooks = useQuery(webhooksQuery(tenant));
  const [asking, setAsking] = useState<Asking>();
  const close = () => setAsking(undefined);
  const onSettled = () => queries.invalidateQueries({ queryKey: webhooksKey(tenant) });
  const switching = useMutation({
    mutationFn: ({ id, enabled }: Webhook) => changeWebhook(tenant, id, { enabled: !enabled }),
    onSuccess: ({ enabled }) => toasts.done(enabled ? "The webhook is enabled" : "The webhook is disabled"),
    onError: toasts.failed,
    onSettled,
  });
  const deleting = useMutation({
    mutationFn: ({ id }: Webhook) => deleteWebhook(tenant, id),
    onSuccess: () => {
      toasts.done("The webhook is deleted");
      close();
    },
    onSettled,
  });
  const open = ({ id }: Webhook) => void navigate({ to: "/connectors/scim/$tenant/webhooks/$webhook", params: { tenant, webhook: id } });
  const all = webhooks.data ?? [];
  return (
    <PageBody>
      <Text className={styles.about}>An application is told of what happens to its users and groups as it happens: each event is a signed request to its address, sent until it is acknowledged.</Text>
      {writable && <div className={styles.add}><Button icon={<Add20Regular />} onClick={() => setAsking({ what: "new" })}>New webhook</Button></div>}
      <Unread small of={webhooks} what="the webhooks" />
      {webhooks.data && all.length === 0 && <Text>There is no webhook: nobody is told.</Text>}
      {all.length > 0 && (
        <SmallTable label="Webhooks" columns={[{ name: "Address", width: "34%" }, "Events", "Status", "Waiting", "Last delivered", writable && { name: "Actions", width: "72px" }]} least={820}>
          {all.map((webhook) => {
            const [standing, grade] = standingOf(webhook);
            return (
              <TableRow key={webhook.id}>
                <TableCell><TableCellLayout description={webhook.description}><Link as="button" className={styles.link} onClick={() => open(webhook)}>{webhook.url}</Link></TableCellLayout></TableCell>
                <TableCell>{eventsOf(webhook)}</TableCell>
                <TableCell><Badge appearance="tint" color={grade}>{standing}</Badge></TableCell>
                <TableCell>{webhook.waiting}</TableCell>
                <TableCell><When time={webhook.lastDelivered} /></TableCell>
                {writable && (
                  <TableCell>
                    <RowActions
                      focusable
                      name={webhook.url}
                      of={[
                        { label: "Edit", onChosen: () => setAsking({ what: "edit", of: webhook }) },
                        { label: "Send test event", onChosen: () => setAsking({ what: "test", of: webhook }) },
                        { label: "Rotate secret", onChosen: () => setAsking({ what: "rotate", of: webhook }) },
                        { label: webhook.enabled ? "Disable" : "Enable", onChosen: () => switching.mutate(webhook) },
                        { label: "Delete", onChosen: () => { deleting.reset(); setAsking({ what: "delete", of: webhook }); } },
                      ]}
                    />
                  </TableCell>
                )}
              </TableRow>
            );
          })}
        </SmallTable>
      )}
      {asking?.what === "new" && <WebhookDialog tenant={tenant} onClose={close} />}
      {asking?.what === "edit" && <WebhookDialog tenant={tenant} webhook={asking.of} onClose={close} />}
      {asking?.what === "rotate" && <RotateWebhookSecret tenant={tenant} webhook={asking.of} onClose={close} />}
      {asking?.what === "test" && <TestWebhook tenant={tenant} webhook={asking.of} onClose={close} />}
      <ConfirmDialog
        open={asking?.what === "delete"}
        title="Delete the webhook?"
        action="Delete"
        danger
        pending={deleting.isPending}
        error={deleting.error}
        onConfirm={() => asking?.what === "delete" && deleting.mutate(asking.of)}
        onCancel={close}
      >
        {asking?.what === "delete" && `${asking.of.url} is told of nothing any more, and its deliveries are forgotten. This cannot be undone. To stop it for a while, disable it.`}
      </ConfirmDialog>
    </PageBody>
  );
}
