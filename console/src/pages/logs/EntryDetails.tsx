import { makeStyles, Tab, TabList, Text, tokens } from "@fluentui/react-components";
import { Link } from "@tanstack/react-router";
import { useId, useState } from "react";

import type { Entry } from "../../api/log";
import { Copied } from "../../parts/Copied";
import { Differences } from "../../parts/Differences";
import { IdentityLink } from "../../parts/IdentityLink";
import { Properties } from "../../parts/Properties";
import { duration } from "../../parts/format";
import { When } from "../../parts/When";
import { Stages } from "./Stages";
import { Status } from "./Status";
import { nameOf, word } from "./words";

const useStyles = makeStyles({
  details: { display: "grid", alignContent: "start", gap: tokens.spacingVerticalL },
  tabs: { flexWrap: "wrap" },
});

const TABS = ["Steps", "Troubleshooting & Recommendations", "Modified Properties", "Summary"] as const;
type TabName = (typeof TABS)[number];

/** An entry of the log in the four tabs that Entra has. */
export function EntryDetails({ entry }: { entry: Entry }) {
  const styles = useStyles();
  const error = entry.provisioningStatusInfo?.errorInformation;
  const [tab, setTab] = useState<TabName>(error ? "Troubleshooting & Recommendations" : "Steps");
  const id = useId();
  return (
    <div className={styles.details}>
      <TabList selectedValue={tab} onTabSelect={(_, { value }) => setTab(value as TabName)} size="small" className={styles.tabs}>
        {TABS.map((name) => <Tab key={name} value={name} aria-controls={`${id}panel`}>{name}</Tab>)}
      </TabList>
      <div role="tabpanel" id={`${id}panel`} aria-label={tab}>
        {tab === "Steps" && <Stages steps={entry.provisioningSteps ?? []} type={entry.sourceIdentity?.identityType} />}
        {tab === "Troubleshooting & Recommendations" && <Troubleshooting entry={entry} />}
        {tab === "Modified Properties" && <Modified entry={entry} />}
        {tab === "Summary" && <Summary entry={entry} />}
      </div>
    </div>
  );
}

function Troubleshooting({ entry }: { entry: Entry }) {
  const error = entry.provisioningStatusInfo?.errorInformation;
  if (!error) return <Text>Nothing went wrong.</Text>;
  return (
    <Properties
      of={[
        ["Error code", error.errorCode],
        ["What happened", error.reason],
        ["Recommended action", error.recommendedAction],
        ["Category", error.errorCategory],
      ]}
    />
  );
}

function Modified({ entry }: { entry: Entry }) {
  const properties = entry.modifiedProperties ?? [];
  if (properties.length === 0) return <Text>Nothing was changed in the target.</Text>;
  return <Differences label="Modified properties" of={properties.map(({ displayName, oldValue, newValue }) => ({ name: displayName ?? "", before: oldValue, after: newValue }))} />;
}

function Summary({ entry }: { entry: Entry }) {
  const { sourceIdentity, targetIdentity, servicePrincipal, initiatedBy, durationInMilliseconds: took } = entry;
  return (
    <Properties
      of={[
        ["Status", <Status of={entry.provisioningStatusInfo?.status} />],
        ["Action", word(entry.provisioningAction)],
        ["Date", <When time={entry.activityDateTime} />],
        ["Identity", <IdentityLink type={sourceIdentity?.identityType} id={sourceIdentity?.id} name={nameOf(entry)} />],
        ["Source ID", sourceIdentity?.id && <Copied text={sourceIdentity.id} what="source ID" />],
        ["Target", targetIdentity?.displayName],
        ["Target ID", targetIdentity?.id && <Copied text={targetIdentity.id} what="target ID" />],
        ["Application", servicePrincipal?.id && <Link to="/applications/$id" params={{ id: servicePrincipal.id }}>{servicePrincipal.displayName}</Link>],
        ["Initiated by", initiatedBy?.displayName],
        ["Duration", took != null && (took < 1000 ? `${took} ms` : duration(took))],
        ["Cycle ID", entry.cycleId && <Link to="/provisioning-logs" search={{ cycle: entry.cycleId, range: "all" }}>{entry.cycleId}</Link>],
        ["Change ID", entry.changeId && <Copied text={entry.changeId} what="change ID" />],
        ["Job ID", entry.jobId && <Copied text={entry.jobId} what="job ID" />],
      ]}
    />
  );
}
