import { makeStyles, Spinner, Tab, TabList, Table, TableBody, TableCell, TableHeader, TableHeaderCell, TableRow, Text } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { type Provisioned, type ProvisionedKind, provisionedOneQuery } from "../../api/tenants";
import { Details } from "../../parts/Details";
import { ErrorBar } from "../../parts/ErrorBar";
import { Json } from "../../parts/Json";
import { leaves, nameOf } from "./resource";

const useStyles = makeStyles({ value: { overflowWrap: "anywhere" } });

/** A user or group as clients get it: as a table, and as the document that it is. */
export function ProvisionedDetails({ tenant, kind, of, onClose }: { tenant: string; kind: ProvisionedKind; of: Provisioned; onClose: () => void }) {
  const styles = useStyles();
  const [form, setForm] = useState("table");
  const resource = useQuery(provisionedOneQuery(tenant, kind, of.id));
  return (
    <Details title={nameOf(of)} onClose={onClose}>
      <TabList size="small" selectedValue={form} onTabSelect={(_, { value }) => setForm(value as string)}>
        <Tab value="table">Table</Tab>
        <Tab value="json">JSON</Tab>
      </TabList>
      <ErrorBar error={resource.error} />
      {resource.isPending && <Spinner size="tiny" label="Reading" />}
      {kind === "groups" && resource.data && !("members" in resource.data) && <Text>There are no members, or more than 1,000, which are not listed here.</Text>}
      {resource.data && form === "json" && <Json label="JSON" value={resource.data} />}
      {resource.data && form === "table" && (
        <Table size="small" aria-label="Attributes">
          <TableHeader><TableRow><TableHeaderCell>Attribute</TableHeaderCell><TableHeaderCell>Value</TableHeaderCell></TableRow></TableHeader>
          <TableBody>
            {leaves(resource.data).map(([path, value]) => (
              <TableRow key={path}><TableCell className={styles.value}>{path}</TableCell><TableCell className={styles.value}>{value}</TableCell></TableRow>
            ))}
          </TableBody>
        </Table>
      )}
    </Details>
  );
}
