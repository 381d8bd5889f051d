import { useInfiniteQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";

import type { DirectoryAudit } from "../../api/audits";
import { tenantAuditsQuery } from "../../api/tenants";
import { DataTable } from "../../parts/DataTable";
import { AuditDetails } from "../audit/AuditDetails";
import { COLUMNS } from "../audit/columns";

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
