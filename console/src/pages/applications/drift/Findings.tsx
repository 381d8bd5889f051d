import { Button, Drawer, DrawerBody, DrawerHeader, DrawerHeaderTitle, makeStyles, Text, tokens } from "@fluentui/react-components";
import { Dismiss24Regular } from "@fluentui/react-icons";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { type Drift, type Finding, findingsQuery } from "../../../api/plans";
import { type Column, DataTable } from "../../../parts/DataTable";
import { Differences } from "../../../parts/Differences";
import { Properties } from "../../../parts/Properties";
import { kindOf, value } from "./words";

const useStyles = makeStyles({
  drawer: { width: "min(560px, 100vw)" },
  body: { display: "grid", alignContent: "start", gap: tokens.spacingVerticalL },
});

const COLUMNS: Column<Finding>[] = [
  { name: "Identity", share: 2, cell: ({ displayName }) => displayName },
  { name: "Difference", share: 2, cell: kindOf },
  { name: "Attribute", share: 2, wideOnly: true, cell: ({ attribute }) => attribute },
  { name: "Expected", share: 2, wideOnly: true, cell: ({ expected }) => value(expected) },
  { name: "Found", share: 2, wideOnly: true, cell: ({ found }) => value(found) },
  { name: "Repairable", wideOnly: true, cell: ({ repairable }) => (repairable ? "Yes" : "No") },
];

/** The differences that a comparison found. */
export function Findings({ job, drift }: { job: string; drift: Drift }) {
  const styles = useStyles();
  const findings = useInfiniteQuery(findingsQuery(job, drift.cycleId));
  const [opened, setOpened] = useState<Finding>();
  const close = () => setOpened(undefined);
  return (
    <>
      <DataTable label="Differences" rows={findings} columns={COLUMNS} idOf={({ targetId, attribute, kind, found }) => `${targetId} ${attribute} ${kind} ${value(found)}`} onOpen={setOpened} empty="The list is of an earlier comparison." />
      <Drawer type="overlay" position="end" className={styles.drawer} open={opened !== undefined} onOpenChange={(_, { open }) => !open && close()}>
        <DrawerHeader>
          <DrawerHeaderTitle action={<Button appearance="subtle" aria-label="Close" icon={<Dismiss24Regular />} onClick={close} />}>{opened?.displayName}</DrawerHeaderTitle>
        </DrawerHeader>
        <DrawerBody>
          {opened && (
            <div className={styles.body}>
              <Properties
                of={[
                  ["Difference", kindOf(opened)],
                  ["Identity", opened.objectType === "User" && opened.sourceId ? <Link to="/users/$id" params={{ id: opened.sourceId }}>{opened.displayName}</Link> : opened.displayName],
                  ["Target ID", opened.targetId],
                  ["A repair puts it right", opened.repairable ? "Yes" : "No"],
                ]}
              />
              {opened.attribute
                ? <Differences label="Difference" names={["Expected", "Found"]} of={[{ name: opened.attribute, before: value(opened.expected), after: value(opened.found) }]} />
                : <Text>The whole account differs.</Text>}
            </div>
          )}
        </DrawerBody>
      </Drawer>
    </>
  );
}
