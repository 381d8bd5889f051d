import { Text } from "@fluentui/react-components";
import { Link } from "@tanstack/react-router";

import type { DirectoryAudit } from "../../api/audits";
import { Details } from "../../parts/Details";
import { Differences } from "../../parts/Differences";
import { Facts } from "../../parts/Facts";
import { moment } from "../../parts/format";
import { differencesOf, pageOf, targetOf, whoOf, wordsOf } from "./entry";

/** An entry of the audit log, with what was there before and after. */
export function AuditDetails({ entry, onClose }: { entry: DirectoryAudit; onClose: () => void }) {
  const target = targetOf(entry);
  const page = pageOf(entry);
  const changed = differencesOf(entry);
  return (
    <Details title={entry.activityDisplayName ?? "Entry"} onClose={onClose}>
      <Facts
        of={[
          ["Date", entry.activityDateTime && moment(entry.activityDateTime)],
          ["Category", entry.category && wordsOf(entry.category)],
          ["Result", entry.result],
          ["Initiated by", whoOf(entry)],
          ["Target", page ? <Link to={page.to} params={page.to === "/connectors/scim/$tenant" ? { tenant: page.id } : { id: page.id }}>{target.name}</Link> : target.name],
          ["Type", target.type],
          ["Target ID", target.id],
          ["Entry", entry.id],
        ]}
      />
      {changed.length > 0 ? <Differences label="Modified properties" of={changed} /> : <Text>No properties were changed.</Text>}
    </Details>
  );
}
