import { makeStyles, Tab, TabList, TableCell, TableRow } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { type ProvisionedKind, provisionedOneQuery } from "../../api/tenants";
import { Details } from "../../parts/Details";
import { Json } from "../../parts/Json";
import { SmallTable } from "../../parts/SmallTable";
import { Unread } from "../../parts/Unread";
import { ProvisionedMembers } from "./ProvisionedMembers";
import { leaves, nameOf } from "./resource";

const useStyles = makeStyles({ value: { overflowWrap: "anywhere" } });

/** A user or group as clients get it: as a table, a group by its members, and as the document that it is. */
export function ProvisionedDetails({ tenant, kind, id, onClose }: { tenant: string; kind: ProvisionedKind; id: string; onClose: () => void }) {
  const styles = useStyles();
  const [form, setForm] = useState("table");
  const resource = useQuery(provisionedOneQuery(tenant, kind, id));
  return (
    <Details title={resource.data ? nameOf(resource.data) : id} onClose={onClose}>
      <TabList size="small" selectedValue={form} onTabSelect={(_, { value }) => setForm(value as string)}>
        <Tab value="table">Table</Tab>
        {kind === "groups" && <Tab value="members">Members</Tab>}
        <Tab value="json">JSON</Tab>
      </TabList>
      <Unread small of={resource} what={kind === "users" ? "the user" : "the group"} />
      {resource.data && form === "members" && <ProvisionedMembers tenant={tenant} group={id} />}
      {resource.data && form === "json" && <Json label="JSON" value={resource.data} />}
      {resource.data && form === "table" && (
        <SmallTable label="Attributes" columns={["Attribute", "Value"]}>
          {leaves({ ...resource.data, members: undefined }).map(([path, value]) => (
            <TableRow key={path}><TableCell className={styles.value}>{path}</TableCell><TableCell className={styles.value}>{value}</TableCell></TableRow>
          ))}
        </SmallTable>
      )}
    </Details>
  );
}
