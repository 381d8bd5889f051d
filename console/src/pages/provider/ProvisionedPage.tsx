import { Badge } from "@fluentui/react-components";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";

import { type Provisioned, provisionedQuery } from "../../api/tenants";
import { type Column, DataTable } from "../../parts/DataTable";
import { Filters } from "../../parts/Filters";
import { SearchField } from "../../parts/SearchField";
import { ProvisionedDetails } from "./ProvisionedDetails";
import { nameOf } from "./resource";

const USERS: Column<Provisioned>[] = [
  { name: "userName", share: 3, cell: (user) => user.userName },
  { name: "displayName", share: 2, cell: (user) => user.displayName },
  { name: "externalId", share: 2, wideOnly: true, cell: (user) => user.externalId },
  { name: "active", wideOnly: true, cell: (user) => (user.active === false ? <Badge appearance="tint" color="warning">false</Badge> : user.active === true ? "true" : "") },
];
const GROUPS: Column<Provisioned>[] = [
  { name: "displayName", share: 3, cell: (group) => group.displayName },
  { name: "externalId", share: 2, cell: (group) => group.externalId },
];

/** The users or groups of a tenant, as its clients provisioned them. */
export function ProvisionedPage() {
  const { tenant, kind } = useParams({ from: "/shell/connectors/scim/$tenant/provisioned/$kind" });
  const { search = "", one } = useSearch({ from: "/shell/connectors/scim/$tenant/provisioned/$kind" });
  const navigate = useNavigate({ from: "/connectors/scim/$tenant/provisioned/$kind" });
  const rows = useInfiniteQuery({ ...provisionedQuery(tenant, kind, search), placeholderData: keepPreviousData });
  const onSearch = useCallback((text: string) => void navigate({ search: (now) => ({ ...now, search: text || undefined }), replace: true }), [navigate]);
  const open = (id: string | undefined) => void navigate({ search: (now) => ({ ...now, one: id }), replace: true });
  return (
    <>
      <Filters><SearchField label={`Search ${kind}`} value={search} onSearch={onSearch} /></Filters>
      <DataTable
        label={kind === "users" ? "Provisioned users" : "Provisioned groups"}
        rows={rows}
        columns={kind === "users" ? USERS : GROUPS}
        idOf={(one) => one.id}
        nameOf={nameOf}
        onOpen={({ id }) => open(id)}
        empty={search ? `Nothing is found by "${search}".` : `No client has provisioned ${kind} yet.`}
      />
      {one && <ProvisionedDetails key={one} tenant={tenant} kind={kind} id={one} onClose={() => open(undefined)} />}
    </>
  );
}
