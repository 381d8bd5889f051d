import { Button, Field, makeStyles, Select, TableCell, TableRow, Text, tokens } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { applicationNamesQuery } from "../../api/applications";
import { may, sessionQuery } from "../../api/session";
import { assignmentsQuery, type User, userLogQuery } from "../../api/users";
import { Section } from "../../parts/PageBody";
import { SmallTable } from "../../parts/SmallTable";
import { together } from "../../parts/together";
import { Unread } from "../../parts/Unread";
import { accounts } from "./accounts";
import { LogEntries, Outcome } from "./LogEntries";
import { WhyPanel } from "./WhyPanel";

const useStyles = makeStyles({
  why: { display: "grid", gap: tokens.spacingVerticalM },
  other: { maxWidth: "320px" },
});

/** Where a user has an account, and why, or why not. */
export function UserApplications({ user }: { user: User }) {
  const styles = useStyles();
  const { data: session } = useQuery(sessionQuery);
  const [readsApplications, readsLogs] = (["applications", "logs"] as const).map((area) => !!session && may(session, "read", area));
  const assignments = useQuery({ ...assignmentsQuery(user.id), enabled: readsApplications && !user.deletedDateTime });
  const log = useQuery({ ...userLogQuery(user.id), enabled: readsLogs });
  const names = useQuery({ ...applicationNamesQuery, enabled: readsApplications }).data ?? [];
  const [asked, setAsked] = useState<{ id: string; name: string }>();
  const known = accounts(assignments.data ?? [], log.data ?? []);
  const read = together(...(readsApplications && !user.deletedDateTime ? [assignments] : []), ...(readsLogs ? [log] : []));
  const others = names.filter(({ id }) => !known.some((it) => it.id === id));
  return (
    <>
      <Section title="Applications">
        <Unread small of={read} what="the applications" />
        {read.data !== undefined && (known.length === 0 ? <Text>Assigned to no application, and provisioned to none.</Text> : (
          <SmallTable label="Applications" columns={["Application", "Assigned", "Last", "Account"]} least={640}>
            {known.map(({ id, name, assigned, last }) => (
              <TableRow key={id}>
                <TableCell>{readsApplications ? <Link to="/applications/$id" params={{ id }}>{name}</Link> : name}</TableCell>
                <TableCell>{assigned ? "Directly" : "By a group, or no longer"}</TableCell>
                <TableCell>{last ? <Outcome entry={last} /> : "Nothing yet"}</TableCell>
                <TableCell>
                  {readsApplications && <Button size="small" aria-expanded={asked?.id === id} onClick={() => setAsked(asked?.id === id ? undefined : { id, name })}>{`Why in ${name}?`}</Button>}
                </TableCell>
              </TableRow>
            ))}
          </SmallTable>
        ))}
        {read.data !== undefined && others.length > 0 && (
          <Field label="Why no account in another application?" className={styles.other}>
            <Select
              value={others.some(({ id }) => id === asked?.id) ? asked?.id : ""}
              onChange={(_, { value }) => {
                const other = others.find(({ id }) => id === value);
                setAsked(other && { id: other.id, name: other.displayName });
              }}
            >
              <option value="">Choose an application</option>
              {others.map(({ id, displayName }) => <option key={id} value={id}>{displayName}</option>)}
            </Select>
          </Field>
        )}
        {asked && <div className={styles.why}><WhyPanel key={asked.id} user={user} application={asked} /></div>}
      </Section>
      {readsLogs && (
        <Section title="Last provisioning">
          <Unread small of={log} what="the provisioning log" />
          {log.data && <LogEntries entries={log.data.slice(0, 5)} />}
          {(log.data?.length ?? 0) > 0 && <Text><Link to="/users/$id/provisioning-logs" params={{ id: user.id }}>All entries of the provisioning log</Link></Text>}
        </Section>
      )}
    </>
  );
}
