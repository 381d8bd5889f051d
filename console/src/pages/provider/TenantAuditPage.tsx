import { useInfiniteQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";

import type { DirectoryAudit } from "../../api/audits";
import { tenantAuditsQuery } from "../../api/tenants";
import { type Column, DataTable } from "../../parts/DataTable";
import { When } from "../../parts/When";
import { AuditDetails } from "../audit/AuditDetails";
import { targetOf, whoOf } from "../audit/entry";

const COLUMNS: Column<DirectoryAudit>[] = [
  { name: "Date", cell: (entry) => <When time={entry.activityDateTime} /> },
  { name: "Activity", share: 2, cell: (entry) => entry.activityDisplayName },
  { name: "Target", share: 2, cell: (entry) => targetOf(entry).name },
  { name: "Initiated by (actor)", share: 2, wideOnly: true, cell: whoOf },
];

/** What administrators did to a tenant. */
export function TenantAuditPage() {
  const { tenant } = useParams({ from: "/shell/connectors/scim/$tenant/audit" });
  const entries = useInfiniteQuery(tenantAuditsQuery(tenant));
  const [open, setOpen] = useState<DirectoryAudit>();
  return (
    <>
      <DataTable label="Audit log of the tenant" rows={entries} columns={COLUMNS} idOf={(entry) => entry.id} onOpen={setOpen} empty="Nothing was changed yet." />
      {open && <AuditDetails entry={open} onClose={() => setOpen(undefined)} />}
    </>
  );
}
