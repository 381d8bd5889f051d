import { makeStyles, MessageBar, MessageBarBody, MessageBarTitle, Spinner, Text, tokens } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { jobQuery } from "../../api/jobs";
import { lastEntriesQuery } from "../../api/log";
import { planQuery } from "../../api/plans";
import { may, sessionQuery } from "../../api/session";
import type { User } from "../../api/users";
import { ErrorBar } from "../../parts/ErrorBar";
import { Differences } from "../../parts/Differences";
import { Unread } from "../../parts/Unread";
import { differences } from "../applications/plan/changes";
import { Stages } from "../logs/Stages";
import { LogEntries } from "./LogEntries";
import { answerOf } from "./why";

const useStyles = makeStyles({
  panel: { display: "grid", gap: tokens.spacingVerticalL, padding: tokens.spacingHorizontalL, border: `1px solid ${tokens.colorNeutralStroke2}`, borderRadius: tokens.borderRadiusLarge },
  details: { display: "grid", gap: tokens.spacingVerticalM },
});

interface Props {
  user: User;
  application: { id: string; name: string };
}

/**
 * Why somebody has an account in an application, or has none: what provisioning on demand would do now, of which nothing is
 * done, and what it did last.
 */
export function WhyPanel({ user, application }: Props) {
  const styles = useStyles();
  const { data: session } = useQuery(sessionQuery);
  const plans = Boolean(session && may(session, "write", "applications"));
  const job = useQuery(jobQuery(application.id));
  const id = job.data?.id;
  const plan = useQuery({ ...planQuery(id ?? "", { id: user.id, type: "User" }), enabled: plans && id !== undefined, staleTime: 0 });
  const entries = useQuery(lastEntriesQuery(user.id, application.id));
  const change = plan.data?.changes?.find(({ source }) => source.id === user.id) ?? plan.data?.changes?.[0];
  const known = job.data === null || plan.data;
  const answer = known && answerOf(user.displayName ?? "The user", application.name, job.data ?? null, change);
  return (
    <div className={styles.panel} role="region" aria-label={`Why in ${application.name}`}>
      <ErrorBar error={job.error ?? plan.error} />
      {plans && !known && !job.error && !plan.error && <Spinner label={`Asking ${application.name}`} style={{ justifySelf: "start" }} />}
      {answer && (
        <MessageBar intent={answer.intent} layout="multiline" role="status">
          <MessageBarBody>
            <MessageBarTitle>{answer.sentence}</MessageBarTitle>
            {answer.advice && `What to do: ${answer.advice}`}
          </MessageBarBody>
        </MessageBar>
      )}
      {change && (
        <div className={styles.details}>
          {change.modified.length > 0 && <Differences label="What would change" of={differences(change)} />}
          {change.steps && <Stages steps={change.steps} type="User" />}
        </div>
      )}
      <Text weight="semibold" as="h3">Last entries of the provisioning log</Text>
      <Unread small of={entries} what="the provisioning log" />
      {entries.data && <LogEntries entries={entries.data} />}
      <Text>
        <Link to="/applications/$id" params={{ id: application.id }}>{`Open ${application.name}`}</Link>
      </Text>
    </div>
  );
}
