import { useQuery } from "@tanstack/react-query";

import { failuresQuery, jobsQuery } from "../../api/jobs";
import { may, sessionQuery } from "../../api/session";
import { statusQuery } from "../../api/status";
import { Facts } from "../../parts/Facts";
import { count } from "../../parts/format";
import { PageBody, Section } from "../../parts/PageBody";
import { PageHeader } from "../../parts/PageHeader";
import { together } from "../../parts/together";
import { Unread } from "../../parts/Unread";
import { FailuresChart } from "./FailuresChart";
import { FirstSteps } from "./FirstSteps";
import { Jobs } from "./Jobs";
import { Quarantines } from "./Quarantines";
import { Running } from "./Running";
import { factsOf } from "./summary";

/** How the provisioning of all applications goes. */
export function OverviewPage() {
  const { data: session } = useQuery(sessionQuery);
  const readsLogs = Boolean(session && may(session, "read", "logs"));
  const opens = Boolean(session && may(session, "read", "applications"));
  const status = useQuery(statusQuery);
  const jobs = useQuery(jobsQuery);
  const failures = useQuery({ ...failuresQuery, enabled: readsLogs });
  return (
    <>
      <PageHeader title="Overview" />
      <Unread of={together(status, jobs)} what="the overview" />
      {status.data && jobs.data && (
        <PageBody>
          <Facts of={factsOf(status.data, jobs.data).map(([name, value]) => [name, count(value)])} />
          {jobs.data.length === 0 && session && <FirstSteps status={status.data} session={session} />}
          <Quarantines jobs={jobs.data} opens={opens} />
          <Running jobs={jobs.data} opens={opens} />
          {readsLogs && jobs.data.length > 0 && (
            <Section title="Failures of the last day">
              <Unread small of={failures} what="the failures" />
              {failures.data && <FailuresChart failures={failures.data} />}
            </Section>
          )}
          {jobs.data.length > 0 && <Jobs jobs={jobs.data} opens={opens} readsLogs={readsLogs} />}
        </PageBody>
      )}
    </>
  );
}
