import { Text } from "@fluentui/react-components";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";

import { type Drift, type Finding, findingsQuery } from "../../../api/plans";
import { type Column, DataTable } from "../../../parts/DataTable";
import { Details } from "../../../parts/Details";
import { Differences } from "../../../parts/Differences";
import { IdentityLink } from "../../../parts/IdentityLink";
import { Properties } from "../../../parts/Properties";
import { kindOf, value } from "./words";

const COLUMNS: Column<Finding>[] = [
  { name: "Identity", share: 2, cell: ({ displayName }) => displayName },
  { name: "Difference", share: 2, cell: kindOf },
  { name: "Attribute", share: 2, wideOnly: true, cell: ({ attribute }) => attribute },
  { name: "Expected", share: 2, wideOnly: true, cell: ({ expected }) => value(expected) },
  { name: "Found", share: 2, wideOnly: true, cell: ({ found }) => value(found) },
  { name: "Repairable", share: 1.5, wideOnly: true, cell: ({ repairable }) => (repairable ? "Yes" : "No") },
];

/** The differences that a comparison found. */
export function Findings({ job, drift }: { job: string; drift: Drift }) {
  const findings = useInfiniteQuery(findingsQuery(job, drift.cycleId));
  const [opened, setOpened] = useState<Finding>();
  return (
    <>
      <DataTable label="Differences" rows={findings} columns={COLUMNS} idOf={({ targetId, attribute, kind, found }) => `${targetId} ${attribute} ${kind} ${value(found)}`} onOpen={setOpened} empty="The list is of an earlier comparison." />
      <Details title={opened?.displayName ?? ""} open={opened !== undefined} onClose={() => setOpened(undefined)}>
        {opened && (
          <>
          <Properties
            of={[
              ["Difference", kindOf(opened)],
              ["Identity", <IdentityLink type={opened.objectType} id={opened.sourceId} name={opened.displayName ?? opened.targetId} />],
              ["Target ID", opened.targetId],
              ["A repair puts it right", opened.repairable ? "Yes" : "No"],
            ]}
          />
          {opened.attribute
            ? <Differences label="Difference" names={["Expected", "Found"]} of={[{ name: opened.attribute, before: value(opened.expected), after: value(opened.found) }]} />
            : <Text>The whole account differs.</Text>}
          </>
        )}
      </Details>
    </>
  );
}
