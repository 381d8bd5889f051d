import type { ReactNode } from "react";

import type { Job } from "../../../api/jobs";
import { Facts } from "../../../parts/Facts";
import { count } from "../../../parts/format";
import { Section } from "../../../parts/PageBody";
import { CountLink } from "../../logs/CountLink";
import { waitingOf } from "./next";

/** What provisioning has made to date, and what waits. */
export function Statistics({ job: { linked, waiting, servicePrincipalId } }: { job: Job }) {
  const made: [string, ReactNode][] = linked ? [["Users with an account", count(linked.users)], ["Groups", count(linked.groups)]] : [];
  const waits = (waiting ? waitingOf(waiting) : []).map(({ name, number, more, search }): [string, ReactNode] => [
    name,
    search ? <CountLink key={name} number={number} what={name.toLowerCase()} application={servicePrincipalId} search={search} /> : `${more ? "more than " : ""}${count(number)}`,
  ]);
  return (
    <Section title="Statistics to date">
      <Facts of={[...made, ...waits]} />
    </Section>
  );
}
