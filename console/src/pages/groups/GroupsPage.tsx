import { ToolbarButton } from "@fluentui/react-components";
import { Add20Regular, ArrowUpload20Regular, Delete20Regular } from "@fluentui/react-icons";
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useState } from "react";

import { deleteGroup, type Group, type GroupOrder, groupsQuery } from "../../api/groups";
import { may, sessionQuery } from "../../api/session";
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

const COLUMNS: Column<Group>[] = [
  { name: "Name", share: 2, order: "displayName", cell: (group) => group.displayName ?? group.id, to: ({ id }) => `/groups/${id}` },
  { name: "Description", share: 3, wideOnly: true, cell: (group) => group.description },
  { name: "Created", wideOnly: true, cell: (group) => <When time={group.createdDateTime} /> },
];

/** The groups of the directory. */
export function GroupsPage() {
  const { search = "", order = "displayName" } = useSearch({ from: "/shell/groups" });
  const navigate = useNavigate({ from: "/groups" });
  const toasts = useToasts();
  const queries = useQueryClient();
  const { data: session } = useQuery(sessionQuery);
  const groups = useInfiniteQuery(groupsQuery(search, order));
  const [selected, setSelected] = useState<Set<string>>(new Set());
  const [asking, setAsking] = useState(false);
  const writable = session && may(session, "write", "directory");
  const onSearch = useCallback(
    (text: string) => void navigate({ search: (now) => ({ ...now, search: text || undefined }), replace: true }),
    [navigate],
  );
  const deleting = useMutation({
    mutationFn: () => {
      const names = new Map(groups.data?.pages.flatMap(({ value }) => value.map((group) => [group.id, group.displayName ?? group.id])));
      return each(selected, (id) => names.get(id) ?? id, deleteGroup);
    },
    onSuccess: ({ done, failures }) => {
      if (done > 0) toasts.done(`${count(done)} deleted`);
      setSelected(new Set());
      setAsking(failures.length > 0);
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ["groups"] }),
  });
  const ask = () => {
    deleting.reset();
    setAsking(true);
  };
  return (
    <>
      <PageHeader
        title="Groups"
        commands={
          writable && (
            <>
              <ToolbarButton icon={<Add20Regular />} onClick={() => void navigate({ to: "/groups/new" })}>New group</ToolbarButton>
              <ToolbarButton icon={<ArrowUpload20Regular />} onClick={() => void navigate({ to: "/import/$kind", params: { kind: "groups" } })}>Import</ToolbarButton>
              <ToolbarButton icon={<Delete20Regular />} disabled={selected.size === 0} onClick={ask}>Delete</ToolbarButton>
            </>
          )
        }
      />
      <Filters><SearchField label="Search groups" value={search} onSearch={onSearch} /></Filters>
      <DataTable
        label="Groups"
        rows={groups}
        columns={COLUMNS}
        idOf={(group) => group.id}
        nameOf={(group) => group.displayName ?? group.id}
        onOpen={(group) => void navigate({ to: "/groups/$id", params: { id: group.id } })}
        order={search ? undefined : order}
        onOrder={search ? undefined : (next) => void navigate({ search: (now) => ({ ...now, order: next as GroupOrder }) })}
        selected={selected}
        onSelect={writable ? setSelected : undefined}
        empty={search ? `No group is found by "${search}".` : writable ? "There are no groups yet: New group makes one, Import takes a file of memberships." : "There are no groups yet."}
      />
      <ConfirmDialog
        open={asking}
        title={deleting.data ? "Not all of it was done" : `Delete ${count(selected.size)} ${selected.size === 1 ? "group" : "groups"} for good?`}
        action={deleting.data ? undefined : "Delete"}
        danger
        pending={deleting.isPending}
        error={deleting.error}
        onConfirm={() => deleting.mutate()}
        onCancel={() => setAsking(false)}
      >
        {deleting.data ? (
          <Failures of={deleting.data} />
        ) : (
          "Their members stay, but lose what they had by the group, such as the assignment to an application. Groups do not go to the recycle bin: this cannot be undone."
        )}
      </ConfirmDialog>
    </>
  );
}
