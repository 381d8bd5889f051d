import { Badge, ToolbarButton } from "@fluentui/react-components";
import { Add20Regular } from "@fluentui/react-icons";
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";

import { type Administrator, administratorsQuery } from "../../api/administrators";
import { may, sessionQuery } from "../../api/session";
import { type Column, DataTable } from "../../parts/DataTable";
import { Filters } from "../../parts/Filters";
import { PageHeader } from "../../parts/PageHeader";
import { SearchField } from "../../parts/SearchField";
import { roleWords } from "./names";

const COLUMNS: Column<Administrator>[] = [
  { name: "Name", share: 2, cell: (one) => one.displayName, to: ({ id }) => `/administrators/${id}` },
  { name: "Type", cell: (one) => (one.type === "tool" ? "Tool" : "Person") },
  { name: "Sign-in name or client ID", share: 3, wideOnly: true, cell: (one) => one.signInName ?? one.clientId },
  { name: "Roles", share: 3, wideOnly: true, cell: (one) => one.roles.map(roleWords).join(", ") || "none" },
  { name: "Account", cell: (one) => (one.enabled ? "Enabled" : <Badge appearance="tint" color="warning">Disabled</Badge>) },
];

/** People and tools that administer the installation. */
export function AdministratorsPage() {
  const { search = "" } = useSearch({ from: "/shell/administrators" });
  const navigate = useNavigate({ from: "/administrators" });
  const administrators = useInfiniteQuery({ ...administratorsQuery(search), placeholderData: keepPreviousData });
  const { data: session } = useQuery(sessionQuery);
  const writable = !!session && may(session, "write", "administrators");
  const onSearch = useCallback((text: string) => void navigate({ search: { search: text || undefined }, replace: true }), [navigate]);
  return (
    <>
      <PageHeader
        title="Administrators"
        commands={writable && <ToolbarButton icon={<Add20Regular />} onClick={() => void navigate({ to: "/administrators/new" })}>New administrator</ToolbarButton>}
      />
      <Filters><SearchField label="Search administrators" value={search} onSearch={onSearch} /></Filters>
      <DataTable
        label="Administrators"
        rows={administrators}
        columns={COLUMNS}
        idOf={(one) => one.id}
        nameOf={(one) => one.displayName}
        onOpen={(one) => void navigate({ to: "/administrators/$id", params: { id: one.id } })}
        empty={search ? `No administrator is found by "${search}".` : "There are no administrators yet."}
      />
    </>
  );
}
