import type { Job } from "../../../api/jobs";
import { Facts } from "../../../parts/Facts";
import { count } from "../../../parts/format";
import { Section } from "../../../parts/PageBody";
import { waitingOf } from "./next";

/** What provisioning has made to date, and what waits. */
export function Statistics({ job: { linked, waiting } }: { job: Job }) {
  const made: [string, string][] = linked ? [["Users with an account", count(linked.users)], ["Groups", count(linked.groups)]] : [];
  return (
    <Section title="Statistics to date">
      <Facts of={[...made, ...(waiting ? waitingOf(waiting) : [])]} />
    </Section>
  );
}
