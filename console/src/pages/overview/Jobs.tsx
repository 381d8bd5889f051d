import { TableCell, TableRow } from "@fluentui/react-components";

import type { Job } from "../../api/jobs";
import type { Cycle } from "../../api/schema";
import { count } from "../../parts/format";
import { Section } from "../../parts/PageBody";
import { SmallTable } from "../../parts/SmallTable";
import { When } from "../../parts/When";
import { HealthBadge } from "../applications/HealthBadge";
import { CountLink } from "../logs/CountLink";
import { searchOfOutcome } from "../logs/outcome";
import { ApplicationLink } from "./ApplicationLink";
import { ordered } from "./summary";

/** All jobs with their health. */
export function Jobs({ jobs, opens, readsLogs }: { jobs: Job[]; opens: boolean; readsLogs: boolean }) {
  return (
    <Section title="Applications">
      <SmallTable label="Applications and how they are provisioned" columns={["Application", "Provisioning", "Last cycle", "Failed"]} least={520}>
        {ordered(jobs).map((job) => (
          <TableRow key={job.id}>
            <TableCell><ApplicationLink job={job} opens={opens} /></TableCell>
            <TableCell><HealthBadge job={job} /></TableCell>
            <TableCell><When time={job.lastCycle?.started} /></TableCell>
            <TableCell>{job.lastCycle && <Failed of={job} cycle={job.lastCycle} leads={readsLogs} />}</TableCell>
          </TableRow>
        ))}
      </SmallTable>
    </Section>
  );
}

/** What failed in a cycle; a link to it for whoever may read the log. */
function Failed({ of, cycle, leads }: { of: Job; cycle: Cycle; leads: boolean }) {
  if (!leads) return <>{count(cycle.failed)}</>;
  return <CountLink number={cycle.failed} what={`failed in ${of.servicePrincipalDisplayName}`} search={{ ...searchOfOutcome("failed", cycle), application: of.servicePrincipalId }} />;
}
