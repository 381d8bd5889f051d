import { Badge, Button, Link, makeStyles, MessageBar, MessageBarBody, MessageBarTitle, Select, tokens } from "@fluentui/react-components";
import { ArrowCounterclockwise20Regular, ArrowLeft20Regular, Send20Regular } from "@fluentui/react-icons";
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCallback, useState } from "react";

import { may, sessionQuery } from "../../api/session";
import { deliveriesQuery, type WebhookDelivery, webhookQuery } from "../../api/webhooks";
import { type Column, DataTable } from "../../parts/DataTable";
import { Facts } from "../../parts/Facts";
import { Filters } from "../../parts/Filters";
import { SearchField } from "../../parts/SearchField";
import { Unread } from "../../parts/Unread";
import { When } from "../../parts/When";
import { DeliveryDetails } from "./DeliveryDetails";
import { ReplayWebhook } from "./ReplayWebhook";
import { TestWebhook } from "./TestWebhook";
import { eventsOf, outcomeOf, resourceOf, standingOf, troubleOf } from "./webhook";

const useStyles = makeStyles({
  head: { display: "grid", gridTemplateColumns: "minmax(0, 1fr)", gap: tokens.spacingVerticalM, padding: `${tokens.spacingVerticalL} ${tokens.spacingHorizontalXXL} 0`, "@media (max-width: 720px)": { paddingInline: tokens.spacingHorizontalM } },
  commands: { display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalM },
  back: { display: "inline-flex", alignItems: "center", gap: tokens.spacingHorizontalXS, justifySelf: "start" },
});

const STATES: [string, string][] = [["", "All"], ["waiting", "Waiting"], ["delivered", "Delivered"], ["skipped", "Skipped"], ["failed", "Failed tests"]];

const COLUMNS: Column<WebhookDelivery>[] = [
  { name: "Time", cell: (of) => <When time={of.at ?? of.occurred} /> },
  { name: "Event", share: 1.3, cell: (of) => of.eventType },
  { name: "Resource", share: 2.6, wideOnly: true, cell: resourceOf },
  { name: "Outcome", share: 1.2, cell: (of) => { const [word, grade] = outcomeOf(of); return <Badge appearance="tint" color={grade}>{word}</Badge>; } },
  { name: "Status", share: 0.6, wideOnly: true, cell: (of) => of.status },
  { name: "Duration", share: 0.8, wideOnly: true, cell: (of) => (of.durationMs == null ? "" : `${of.durationMs} ms`) },
  { name: "Tries", share: 0.5, wideOnly: true, cell: (of) => of.tries },
  { name: "Next try", wideOnly: true, cell: (of) => of.nextTry && <When time={of.nextTry} /> },
];

/** A webhook, and what was sent to it last. */
export function DeliveriesPage() {
  const styles = useStyles();
  const at = { from: "/shell/connectors/scim/$tenant/webhooks/$webhook" } as const;
  const { tenant, webhook: id } = useParams(at);
  const { state = "", search = "" } = useSearch(at);
  const navigate = useNavigate({ from: "/connectors/scim/$tenant/webhooks/$webhook" });
  const { data: session } = useQuery(sessionQuery);
  const writable = !!session && may(session, "write", "tenant");
  const webhook = useQuery(webhookQuery(tenant, id));
  const rows = useInfiniteQuery({ ...deliveriesQuery(tenant, id, state, search), placeholderData: keepPreviousData });
  const [opened, setOpen] = useState<WebhookDelivery>();
  // As it is by now, while it is in the list.
  const open = opened && (rows.data?.pages.flatMap(({ value }) => value).find(({ id }) => id === opened.id) ?? opened);
  const [asking, setAsking] = useState<"test" | "replay">();
  const onSearch = useCallback((text: string) => void navigate({ search: (now) => ({ ...now, search: text || undefined }), replace: true }), [navigate]);
  if (!webhook.data) return <Unread of={webhook} what="the webhook" />;
  const of = webhook.data;
  const [standing, grade] = standingOf(of);
  const trouble = troubleOf(of);
  return (
    <>
      <div className={styles.head}>
        <Link as="button" className={styles.back} onClick={() => void navigate({ to: "/connectors/scim/$tenant/webhooks", params: { tenant } })}><ArrowLeft20Regular />All webhooks</Link>
        {trouble && (
          <MessageBar intent="warning" layout="multiline">
            <MessageBarBody><MessageBarTitle>{trouble.title}</MessageBarTitle>{trouble.text}</MessageBarBody>
          </MessageBar>
        )}
        <Facts
          of={[
            ["Address", of.url],
            ["Description", of.description],
            ["Status", <Badge key="status" appearance="tint" color={grade}>{standing}</Badge>],
            ["Events", eventsOf(of)],
            ["Waiting", of.waiting],
            ["Last delivered", <When key="last" time={of.lastDelivered} />],
            ["Failing since", of.failingSince && <When key="failing" time={of.failingSince} />],
          ]}
        />
        {writable && (
          <div className={styles.commands}>
            <Button icon={<Send20Regular />} onClick={() => setAsking("test")}>Send test event</Button>
            <Button icon={<ArrowCounterclockwise20Regular />} onClick={() => setAsking("replay")}>Replay</Button>
          </div>
        )}
      </div>
      <Filters>
        <SearchField label="Search deliveries" value={search} onSearch={onSearch} />
        <Select aria-label="Outcome" value={state} onChange={(_, { value }) => void navigate({ search: (now) => ({ ...now, state: value || undefined }), replace: true })}>
          {STATES.map(([value, name]) => <option key={value} value={value}>{name}</option>)}
        </Select>
      </Filters>
      <DataTable
        label="Deliveries"
        rows={rows}
        columns={COLUMNS}
        idOf={(one) => one.id}
        nameOf={(one) => `${one.eventType} ${resourceOf(one)}`}
        onOpen={setOpen}
        empty={search || state ? "No delivery fits the filters." : "Nothing was sent yet."}
      />
      {open && <DeliveryDetails tenant={tenant} webhook={id} of={open} writable={writable} onClose={() => setOpen(undefined)} />}
      {asking === "test" && <TestWebhook tenant={tenant} webhook={of} onClose={() => setAsking(undefined)} />}
      {asking === "replay" && <ReplayWebhook tenant={tenant} webhook={of} onClose={() => setAsking(undefined)} />}
    </>
  );
}
