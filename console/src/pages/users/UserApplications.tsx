import { Badge, Table, TableBody, TableCell, TableHeader, TableHeaderCell, TableRow, Text } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";

import { may, sessionQuery } from "../../api/session";
import type { ProvisioningEntry } from "../../api/schema";
import { assignmentsQuery, type User, userLogQuery } from "../../api/users";
import { ErrorBar } from "../../parts/ErrorBar";
import { Section } from "../../parts/PageBody";
import { When } from "../../parts/When";
import { type Account, accounts, reasonOf, statusOf, targetOf } from "./accounts";

const COLORS: Record<string, "success" | "danger" | "warning" | "informative"> = { success: "success", failure: "danger", warning: "warning" };

/** Where a user has an account, and why not where there is none. */
export function UserApplications({ user }: { user: User }) {
  const { data: session } = useQuery(sessionQuery);
  const [readsApplications, readsLogs] = (["applications", "logs"] as const).map((area) => !!session && may(session, "read", area));
  const assignments = useQuery({ ...assignmentsQuery(user.id), enabled: readsApplications && !user.deletedDateTime });
  const log = useQuery({ ...userLogQuery(user.id), enabled: readsLogs });
  return (
    <>
      <Section title="Applications">
        <ErrorBar error={assignments.error ?? log.error} />
        <Accounts of={accounts(assignments.data ?? [], log.data ?? [])} />
      </Section>
      {readsLogs && (
        <Section title="Last provisioning">
          <LogEntries entries={log.data?.slice(0, 10) ?? []} />
        </Section>
      )}
    </>
  );
}

function Accounts({ of }: { of: Account[] }) {
  if (of.length === 0) return <Text>Assigned to no application, and provisioned to none.</Text>;
  return (
    <Table size="small" aria-label="Applications">
      <TableHeader><TableRow>{["Application", "Assigned", "Last"].map((it) => <TableHeaderCell key={it}>{it}</TableHeaderCell>)}</TableRow></TableHeader>
      <TableBody>
        {of.map(({ id, name, assigned, last }) => (
          <TableRow key={id}>
            <TableCell>{name}</TableCell>
            <TableCell>{assigned ? "Directly" : "By a group, or no longer"}</TableCell>
            <TableCell>{last ? <Outcome entry={last} /> : "Nothing yet"}</TableCell>
          </TableRow>
        ))}
      </TableBody>
    </Table>
  );
}

function Outcome({ entry }: { entry: ProvisioningEntry }) {
  const status = statusOf(entry);
  return (
    <span>
      <Badge appearance="tint" color={COLORS[status] ?? "informative"}>{status}</Badge> {entry.provisioningAction}
      {reasonOf(entry) && `: ${reasonOf(entry)}`}
    </span>
  );
}

function LogEntries({ entries }: { entries: ProvisioningEntry[] }) {
  if (entries.length === 0) return <Text>The provisioning log has nothing about this user.</Text>;
  return (
    <Table size="small" aria-label="Last entries of the provisioning log">
      <TableHeader><TableRow>{["Application", "When", "What"].map((it) => <TableHeaderCell key={it}>{it}</TableHeaderCell>)}</TableRow></TableHeader>
      <TableBody>
        {entries.map((entry) => (
          <TableRow key={entry.id}>
            <TableCell>{targetOf(entry).name}</TableCell>
            <TableCell><When time={entry.activityDateTime} /></TableCell>
            <TableCell><Outcome entry={entry} /></TableCell>
          </TableRow>
        ))}
      </TableBody>
    </Table>
  );
}
