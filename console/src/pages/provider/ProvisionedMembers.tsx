import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { membersQuery, type Provisioned } from "../../api/tenants";
import { type Column, DataTable } from "../../parts/DataTable";
import { SearchField } from "../../parts/SearchField";
import { kindOf, nameOf } from "./resource";

const COLUMNS: Column<Provisioned>[] = [
  { name: "Name", share: 2, cell: nameOf },
  { name: "Type", cell: (member) => (kindOf(member) === "groups" ? "Group" : "User") },
  { name: "userName", share: 3, wideOnly: true, cell: (member) => member.userName },
];

/** The members of a group that clients provisioned, searched by the server. */
export function ProvisionedMembers({ tenant, group }: { tenant: string; group: string }) {
  const navigate = useNavigate();
  const [search, setSearch] = useState("");
  const members = useInfiniteQuery({ ...membersQuery(tenant, group, search), placeholderData: keepPreviousData });
  return (
    <>
      <SearchField label="Search members" value={search} onSearch={setSearch} />
      <DataTable
        embedded
        label="Members"
        rows={members}
        columns={COLUMNS}
        idOf={({ id }) => id}
        nameOf={nameOf}
        onOpen={(member) => void navigate({ to: "/connectors/scim/$tenant/provisioned/$kind", params: { tenant, kind: kindOf(member) }, search: { one: member.id } })}
        empty={search ? `No member is found by "${search}".` : "The group has no members."}
      />
    </>
  );
}
