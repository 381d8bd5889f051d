import { ToolbarButton } from "@fluentui/react-components";
import { Add20Regular } from "@fluentui/react-icons";
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useState } from "react";

import { may, sessionQuery } from "../../api/session";
import { type Tenant, tenantsQuery } from "../../api/tenants";
import { type Column, DataTable } from "../../parts/DataTable";
import { Filters } from "../../parts/Filters";
import { count } from "../../parts/format";
import { PageHeader } from "../../parts/PageHeader";
import { SearchField } from "../../parts/SearchField";
import { When } from "../../parts/When";
import { DeleteTenant } from "./DeleteTenant";
import { NewTenantDialog } from "./NewTenantDialog";
import { RenameTenant } from "./RenameTenant";

const COLUMNS: Column<Tenant>[] = [
  { name: "Tenant", share: 2, cell: (tenant) => tenant.name, to: ({ id }) => `/connectors/scim/${id}` },
  { name: "Users", cell: (tenant) => count(tenant.users) },
  { name: "Groups", wideOnly: true, cell: (tenant) => count(tenant.groups) },
  { name: "SCIM for Authentication", share: 2, wideOnly: true, cell: (tenant) => (tenant.scimForAuthentication ? "On" : "Off") },
  { name: "Created", wideOnly: true, cell: (tenant) => <When time={tenant.created} /> },
];

/** The tenants of the service provider. */
export function TenantsPage() {
  const { search = "" } = useSearch({ from: "/shell/connectors/scim" });
  const navigate = useNavigate({ from: "/connectors/scim" });
  const { data: session } = useQuery(sessionQuery);
  const tenants = useInfiniteQuery({ ...tenantsQuery(search), placeholderData: keepPreviousData });
  const [making, setMaking] = useState(false);
  const [renaming, setRenaming] = useState<Tenant>();
  const [deleting, setDeleting] = useState<Tenant>();
  const all = !!session && may(session, "write", "tenants");
  const writable = !!session && may(session, "write", "tenant");
  const open = (tenant: string) => void navigate({ to: "/connectors/scim/$tenant", params: { tenant } });
  const onSearch = useCallback((text: string) => void navigate({ search: { search: text || undefined }, replace: true }), [navigate]);
  return (
    <>
      <PageHeader
        title="SCIM"
        commands={all && <ToolbarButton icon={<Add20Regular />} onClick={() => setMaking(true)}>New tenant</ToolbarButton>}
      />
      <Filters><SearchField label="Search tenants" value={search} onSearch={onSearch} /></Filters>
      <DataTable
        label="Tenants"
        rows={tenants}
        columns={COLUMNS}
        idOf={(tenant) => tenant.id}
        nameOf={(tenant) => tenant.name}
        onOpen={(tenant) => open(tenant.id)}
        actions={
          writable
            ? (tenant) => [
                { label: "Rename", onChosen: () => setRenaming(tenant) },
                ...(all ? [{ label: "Delete", onChosen: () => setDeleting(tenant) }] : []),
              ]
            : undefined
        }
        empty={search ? `No tenant is found by "${search}".` : "There are no tenants yet. A tenant is what one client provisions into, with users, groups and tokens of its own."}
      />
      {making && <NewTenantDialog onOpen={open} onClose={() => setMaking(false)} />}
      {renaming && <RenameTenant tenant={renaming} onClose={() => setRenaming(undefined)} />}
      {deleting && <DeleteTenant tenant={deleting} onClose={() => setDeleting(undefined)} />}
    </>
  );
}
