import { Text } from "@fluentui/react-components";

import type { Job } from "../../../api/jobs";
import { outcomes } from "../../../parts/CycleProgress";
import { Facts } from "../../../parts/Facts";
import { count, duration } from "../../../parts/format";
import { Section } from "../../../parts/PageBody";
import { When } from "../../../parts/When";
import { cycleEnd, cycleName } from "../health";
import { CountLink } from "../../logs/CountLink";
import { searchOfOutcome } from "../../logs/outcome";
import { HealthBadge } from "../HealthBadge";
import { nextOf } from "./next";

/** Where the job stands, what its last cycle did, and when the next one begins. */
export function LastCycle({ job }: { job: Job }) {
  const { lastCycle, nextCycle } = job;
  return (
    <Section title="Status">
      <Facts
        of={[
          ["Provisioning", <HealthBadge key="health" job={job} />],
          ["Last cycle", lastCycle ? <When key="last" time={lastCycle.started} /> : "none yet"],
          ["Next cycle", job.currentCycle ? "runs now" : nextCycle?.at ? <When key="next" time={nextCycle.at} /> : job.started ? "at once" : "none, provisioning is off"],
        ]}
      />
      {lastCycle && (
        <>
          <Text>
            {cycleName(lastCycle.kind)} of {count(lastCycle.total)} {lastCycle.total === 1 ? "object" : "objects"}: {cycleEnd(lastCycle.status)} after {duration(lastCycle.durationMs)}.
          </Text>
          <Facts of={outcomes(lastCycle).map(([name, value]) => [name, <CountLink key={name} number={value} what={name} application={job.servicePrincipalId} search={searchOfOutcome(name, lastCycle)} />])} />
        </>
      )}
      {job.started && nextCycle && <Text>{nextOf(nextCycle)}</Text>}
    </Section>
  );
}
