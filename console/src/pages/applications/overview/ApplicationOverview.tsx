import { useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";

import { jobQuery } from "../../../api/jobs";
import { Copied } from "../../../parts/Copied";
import { Facts } from "../../../parts/Facts";
import { PageBody, Section } from "../../../parts/PageBody";
import { ProgressLive } from "../../../parts/ProgressLive";
import { useApplication } from "../layout/application";
import { LastCycle } from "./LastCycle";
import { OverviewCommands } from "./OverviewCommands";
import { Statistics } from "./Statistics";
import { StepsToBegin } from "./StepsToBegin";

/** How provisioning to an application goes. */
export function ApplicationOverview() {
  const { application, job } = useApplication();
  const queries = useQueryClient();
  const onEnded = useCallback(() => void queries.invalidateQueries({ queryKey: jobQuery(application.id).queryKey }), [queries, application.id]);
  return (
    <>
      <OverviewCommands />
      <PageBody>
        {(!job || job.status === "NotRun") && <StepsToBegin />}
        {job?.currentCycle && (
          <Section title="Current cycle">
            <ProgressLive key={job.currentCycle.cycleId} job={job.id} onEnded={onEnded} />
          </Section>
        )}
        {job && <LastCycle job={job} />}
        {job && <Statistics job={job} />}
        <Section title="Identifiers">
          <Facts
            of={[
              ["Application ID", application.appId && <Copied key="app" text={application.appId} what="application ID" />],
              ["Object ID", <Copied key="object" text={application.id} what="object ID" />],
              ["Job ID", job && <Copied key="job" text={job.id} what="job ID" />],
            ]}
          />
        </Section>
      </PageBody>
    </>
  );
}
