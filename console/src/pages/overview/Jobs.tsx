import { Table, TableBody, TableCell, TableHeader, TableHeaderCell, TableRow } from "@fluentui/react-components";

import type { Job } from "../../api/jobs";
import { count } from "../../parts/format";
import { Section } from "../../parts/PageBody";
import { When } from "../../parts/When";
import { HealthBadge } from "../applications/HealthBadge";
import { ApplicationLink } from "./ApplicationLink";
import { ordered } from "./summary";

/** All jobs with their health. */
export function Jobs({ jobs, opens }: { jobs: Job[]; opens: boolean }) {
  return (
    <Section title="Applications">
      <Table aria-label="Applications and how they are provisioned">
        <TableHeader>
          <TableRow>{["Application", "Provisioning", "Last cycle", "Failed"].map((name) => <TableHeaderCell key={name}>{name}</TableHeaderCell>)}</TableRow>
        </TableHeader>
        <TableBody>
          {ordered(jobs).map((job) => (
            <TableRow key={job.id}>
              <TableCell><ApplicationLink job={job} opens={opens} /></TableCell>
              <TableCell><HealthBadge job={job} /></TableCell>
              <TableCell><When time={job.lastCycle?.started} /></TableCell>
              <TableCell>{job.lastCycle ? count(job.lastCycle.failed) : ""}</TableCell>
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </Section>
  );
}
