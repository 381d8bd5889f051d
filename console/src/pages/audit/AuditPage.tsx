import { Input, Select } from "@fluentui/react-components";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useState } from "react";

import { type AuditLog, auditsQuery, type DirectoryAudit } from "../../api/audits";
import { logsOf, sessionQuery } from "../../api/session";
import { DataTable } from "../../parts/DataTable";
import { Filters } from "../../parts/Filters";
import { PageHeader } from "../../parts/PageHeader";
import { SearchField } from "../../parts/SearchField";
import { AuditDetails } from "./AuditDetails";
import { COLUMNS } from "./columns";
import { wordsOf } from "./entry";
import type { AuditSearch } from "./routes";

const CATEGORIES: Record<AuditLog, string[]> = {
  directory: ["UserManagement", "GroupManagement", "ApplicationManagement", "ProvisioningManagement", "DirectoryManagement"],
  installation: ["TenantManagement", "RoleManagement"],
};
const LOGS: [AuditLog, string][] = [["directory", "Directory"], ["installation", "Tenants and administrators"]];

/** Who did what, when. */
export function AuditPage() {
  const { log: chosen, search = "", category = "", since = "" } = useSearch({ from: "/shell/audit" });
  const navigate = useNavigate({ from: "/audit" });
  const { data: session } = useQuery(sessionQuery);
  const readable = session ? logsOf(session) : [];
  const log = chosen ?? readable[0] ?? "directory";
  const entries = useInfiniteQuery(auditsQuery(log, { search, category, since }));
  const [open, setOpen] = useState<DirectoryAudit>();
  const change = useCallback((next: AuditSearch) => void navigate({ search: (now) => ({ ...now, ...next }), replace: true }), [navigate]);
  const onSearch = useCallback((text: string) => change({ search: text || undefined }), [change]);
  return (
    <>
      <PageHeader title="Audit log" />
      <Filters>
        <SearchField label="Search the audit log" value={search} onSearch={onSearch} />
        {readable.length > 1 && (
          <Select aria-label="Which log" value={log} onChange={(_, { value }) => change({ log: value as AuditLog, category: undefined })}>
            {LOGS.map(([value, label]) => <option key={value} value={value}>{label}</option>)}
          </Select>
        )}
        <Select aria-label="Category" value={category} onChange={(_, { value }) => change({ category: value || undefined })}>
          <option value="">All categories</option>
          {CATEGORIES[log].map((value) => <option key={value} value={value}>{wordsOf(value)}</option>)}
        </Select>
        <Input type="date" contentBefore="From" aria-label="From this day on" value={since} onChange={(_, { value }) => change({ since: value || undefined })} />
      </Filters>
      <DataTable
        label="Audit log"
        rows={entries}
        columns={COLUMNS}
        idOf={(entry) => entry.id}
        onOpen={setOpen}
        empty={search || category || since ? "No entry fits the filters." : "Nothing was changed yet."}
      />
      {open && <AuditDetails entry={open} onClose={() => setOpen(undefined)} />}
    </>
  );
}
