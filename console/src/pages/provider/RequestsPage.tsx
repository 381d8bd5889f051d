import { Badge, Checkbox, makeStyles, TableCell, TableRow, Text, tokens } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCallback, useState } from "react";

import { type ClientRequest, requestsQuery } from "../../api/tenants";
import { Filters } from "../../parts/Filters";
import { SearchField } from "../../parts/SearchField";
import { SmallTable } from "../../parts/SmallTable";
import { Unread } from "../../parts/Unread";
import { When } from "../../parts/When";
import { useNarrow } from "../../shell/narrow";
import { durationOf, gradeOf, keysOf, operationOf } from "./request";
import { RequestDetails } from "./RequestDetails";

const useStyles = makeStyles({
  list: { padding: `0 ${tokens.spacingHorizontalXXL} ${tokens.spacingVerticalXXL}`, "@media (max-width: 720px)": { paddingInline: tokens.spacingHorizontalM } },
  row: { cursor: "pointer", ":focus-visible": { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: "-2px" } },
  cut: { overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" },
});

const COLUMNS = [
  { name: "Time", width: "112px" },
  { name: "Client", wideOnly: true },
  { name: "Operation", width: "40%" },
  { name: "Status", width: "72px" },
  { name: "Duration", width: "88px", wideOnly: true },
  { name: "Quirks accepted", wideOnly: true },
];

/** The last requests of a tenant's clients, as they come in. */
export function RequestsPage() {
  const styles = useStyles();
  const narrow = useNarrow();
  const { tenant } = useParams({ from: "/shell/connectors/scim/$tenant/requests" });
  const { client = "", errors = false } = useSearch({ from: "/shell/connectors/scim/$tenant/requests" });
  const navigate = useNavigate({ from: "/connectors/scim/$tenant/requests" });
  const requests = useQuery(requestsQuery(tenant, errors, client));
  const [open, setOpen] = useState<ClientRequest>();
  const onSearch = useCallback((text: string) => void navigate({ search: (now) => ({ ...now, client: text || undefined }), replace: true }), [navigate]);
  const all = requests.data ?? [];
  const keys = keysOf(all);
  const columns = COLUMNS.filter(({ wideOnly }) => !narrow || !wideOnly);
  return (
    <>
      <Filters>
        <SearchField label="Client" value={client} onSearch={onSearch} />
        <Checkbox label="Refused ones only" checked={errors} onChange={(_, { checked }) => void navigate({ search: (now) => ({ ...now, errors: checked === true || undefined }), replace: true })} />
      </Filters>
      <div className={styles.list}>
        <Unread small of={requests} what="the requests" />
        {requests.data && (all.length === 0 ? (
          <Text>{client || errors ? "No request fits the filters." : "No client has asked for anything since the server started. What they send is shown here as it comes in."}</Text>
        ) : (
          <SmallTable label="Last requests" columns={columns}>
            {all.map((request, index) => (
              <TableRow
                key={keys[index]}
                className={styles.row}
                tabIndex={0}
                onClick={() => setOpen(request)}
                onKeyDown={(event) => {
                  if (event.key !== "Enter") return;
                  // It would go on to what gets the focus then.
                  event.preventDefault();
                  setOpen(request);
                }}
              >
                <TableCell><When time={request.at} /></TableCell>
                {!narrow && <TableCell className={styles.cut}>{request.client || "unknown"}</TableCell>}
                <TableCell className={styles.cut}>{operationOf(request)}</TableCell>
                <TableCell><Badge appearance="tint" color={gradeOf(request)}>{request.status}</Badge></TableCell>
                {!narrow && <TableCell>{durationOf(request)}</TableCell>}
                {!narrow && <TableCell className={styles.cut}>{request.quirks?.map(({ code }) => code).join(", ")}</TableCell>}
              </TableRow>
            ))}
          </SmallTable>
        ))}
      </div>
      {open && <RequestDetails request={open} onClose={() => setOpen(undefined)} />}
    </>
  );
}
