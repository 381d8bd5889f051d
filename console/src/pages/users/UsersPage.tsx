import { Badge, Select, ToolbarButton } from "@fluentui/react-components";
import { Add20Regular, ArrowUndo20Regular, ArrowUpload20Regular, Delete20Regular } from "@fluentui/react-icons";
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useState } from "react";

import { may, sessionQuery } from "../../api/session";
import { deleteUser, restoreUser, type User, type UserOrder, usersQuery } from "../../api/users";
import { ConfirmDialog } from "../../parts/ConfirmDialog";
import { type Column, DataTable } from "../../parts/DataTable";
import { each } from "../../parts/each";
import { Failures } from "../../parts/Failures";
import { Filters } from "../../parts/Filters";
import { count } from "../../parts/format";
import { PageHeader } from "../../parts/PageHeader";
import { SearchField } from "../../parts/SearchField";
import { useToasts } from "../../parts/toasts";
import { When } from "../../parts/When";

const NAMES: Column<User>[] = [
  { name: "Name", share: 2, order: "displayName", cell: (user) => user.displayName ?? user.id, to: ({ id }) => `/users/${id}` },
  { name: "User principal name", share: 3, order: "userPrincipalName", cell: (user) => user.userPrincipalName },
];
const ACTIVE: Column<User>[] = [
  ...NAMES,
  { name: "Department", share: 2, wideOnly: true, cell: (user) => user.department },
  {
    name: "Account",
    wideOnly: true,
    cell: (user) => (user.accountEnabled === false ? <Badge appearance="tint" color="warning">Disabled</Badge> : "Enabled"),
  },
];
const DELETED: Column<User>[] = [
  ...NAMES.map((column) => ({ ...column, order: undefined })),
  { name: "Deleted", wideOnly: true, cell: (user) => <When time={user.deletedDateTime} /> },
];

/** The users of the directory, and those in its recycle bin. */
export function UsersPage() {
  const { search = "", list = "active", order = "displayName" } = useSearch({ from: "/shell/users" });
  const navigate = useNavigate({ from: "/users" });
  const toasts = useToasts();
  const queries = useQueryClient();
  const { data: session } = useQuery(sessionQuery);
  const users = useInfiniteQuery(usersQuery(list, search, order));
  const [selected, setSelected] = useState<Set<string>>(new Set());
  const [asking, setAsking] = useState(false);
  const deleted = list === "deleted";
  const writable = session && may(session, "write", "directory");

  const onSearch = useCallback(
    (text: string) => void navigate({ search: (now) => ({ ...now, search: text || undefined }), replace: true }),
    [navigate],
  );
  const changing = useMutation({
    mutationFn: () => {
      const names = new Map(users.data?.pages.flatMap(({ value }) => value.map((user) => [user.id, user.displayName ?? user.id])));
      return each(selected, (id) => names.get(id) ?? id, deleted ? restoreUser : deleteUser);
    },
    onSuccess: ({ done, failures }) => {
      if (done > 0) toasts.done(`${count(done)} ${deleted ? "restored" : "moved to the recycle bin"}`);
      setSelected(new Set());
      setAsking(failures.length > 0);
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ["users"] }),
  });
  const act = () => {
    changing.reset();
    setAsking(true);
  };

  return (
    <>
      <PageHeader
        title="Users"
        commands={
          writable && (
            <>
              <ToolbarButton icon={<Add20Regular />} onClick={() => void navigate({ to: "/users/new" })}>New user</ToolbarButton>
              <ToolbarButton icon={<ArrowUpload20Regular />} onClick={() => void navigate({ to: "/import/$kind", params: { kind: "users" } })}>Import</ToolbarButton>
              <ToolbarButton
                icon={deleted ? <ArrowUndo20Regular /> : <Delete20Regular />}
                disabled={selected.size === 0}
                onClick={act}
              >
                {deleted ? "Restore" : "Delete"}
              </ToolbarButton>
            </>
          )
        }
      />
      <Filters>
        <SearchField label="Search users" value={search} onSearch={onSearch} />
        <Select
          aria-label="Which users"
          value={list}
          onChange={(_, { value }) => {
            setSelected(new Set());
            void navigate({ search: { search: search || undefined, list: value === "deleted" ? "deleted" : undefined } });
          }}
        >
          <option value="active">All users</option>
          <option value="deleted">Deleted users</option>
        </Select>
      </Filters>
      <DataTable
        label={deleted ? "Deleted users" : "Users"}
        rows={users}
        columns={deleted ? DELETED : ACTIVE}
        idOf={(user) => user.id}
        nameOf={(user) => user.displayName ?? user.id}
        onOpen={(user) => void navigate({ to: "/users/$id", params: { id: user.id } })}
        order={search ? undefined : order}
        onOrder={deleted || search ? undefined : (next) => void navigate({ search: (now) => ({ ...now, order: next as UserOrder }) })}
        selected={selected}
        onSelect={writable ? setSelected : undefined}
        empty={search ? `No user is found by "${search}".` : deleted ? "The recycle bin is empty." : writable ? "There are no users yet: New user makes one, Import takes a file of them." : "There are no users yet."}
      />
      <ConfirmDialog
        open={asking}
        title={changing.data ? "Not all of it was done" : `${deleted ? "Restore" : "Delete"} ${count(selected.size)} ${selected.size === 1 ? "user" : "users"}?`}
        action={changing.data ? undefined : deleted ? "Restore" : "Delete"}
        danger={!deleted}
        pending={changing.isPending}
        error={changing.error}
        onConfirm={() => changing.mutate()}
        onCancel={() => setAsking(false)}
      >
        {changing.data ? (
          <Failures of={changing.data} />
        ) : deleted ? (
          "Their memberships and assignments come back with them."
        ) : (
          "They go to the recycle bin, and can be restored for 30 days. What happens to their accounts in applications, each application's job says."
        )}
      </ConfirmDialog>
    </>
  );
}
