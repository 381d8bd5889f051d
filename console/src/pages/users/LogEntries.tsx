import { TableCell, TableRow, Text } from "@fluentui/react-components";
import { Link } from "@tanstack/react-router";

import type { Entry } from "../../api/log";
import { SmallTable } from "../../parts/SmallTable";
import { When } from "../../parts/When";
import { Status } from "../logs/Status";
import { word } from "../logs/words";
import { reasonOf, statusOf } from "./accounts";

/** A few entries of the provisioning log about a user, each leading to its details. */
export function LogEntries({ entries }: { entries: Entry[] }) {
  if (entries.length === 0) return <Text>The provisioning log has nothing about this user.</Text>;
  return (
    <SmallTable label="Last entries of the provisioning log" columns={[{ name: "When", width: "20%" }, { name: "Application", width: "30%" }, "What"]} least={420}>
      {entries.map((entry) => (
        <TableRow key={entry.id}>
          <TableCell>
            <Link to="/users/$id/provisioning-logs" params={{ id: entry.sourceIdentity?.id ?? "" }} search={{ entry: entry.id }}><When time={entry.activityDateTime} /></Link>
          </TableCell>
          <TableCell>{entry.servicePrincipal?.displayName}</TableCell>
          <TableCell><Outcome entry={entry} /></TableCell>
        </TableRow>
      ))}
    </SmallTable>
  );
}

/** What was done, how it ended, and why. */
export function Outcome({ entry }: { entry: Entry }) {
  const reason = reasonOf(entry);
  return <span><Status of={statusOf(entry)} /> {word(entry.provisioningAction)}{reason && `: ${reason}`}</span>;
}
