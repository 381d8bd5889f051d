import { Button, Checkbox, makeStyles, tokens } from "@fluentui/react-components";
import { PersonAdd20Regular, PersonDelete20Regular } from "@fluentui/react-icons";
import { keepPreviousData, useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { addMember, type Group, isGroup, type Member, membersQuery, removeMember } from "../../api/groups";
import { ConfirmDialog } from "../../parts/ConfirmDialog";
import { type Column, DataTable } from "../../parts/DataTable";
import { each } from "../../parts/each";
import { Failures } from "../../parts/Failures";
import { count } from "../../parts/format";
import { SearchField } from "../../parts/SearchField";
import { useToasts } from "../../parts/toasts";
import { AddMembers } from "./AddMembers";

const useStyles = makeStyles({ bar: { display: "flex", flexWrap: "wrap", alignItems: "center", gap: tokens.spacingHorizontalM } });

const COLUMNS: Column<Member>[] = [
  { name: "Name", share: 2, cell: (member) => member.displayName },
  { name: "Type", cell: (member) => (isGroup(member) ? "Group" : "User") },
  { name: "User principal name", share: 3, wideOnly: true, cell: (member) => member.userPrincipalName },
];

const nameOf = (member: Member) => member.displayName ?? member.id;

/** The members of a group: searched on the server, added and removed. */
export function Members({ group, writable }: { group: Group; writable: boolean }) {
  const styles = useStyles();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const toasts = useToasts();
  const [search, setSearch] = useState("");
  const [nested, setNested] = useState(false);
  const [adding, setAdding] = useState(false);
  const [asking, setAsking] = useState(false);
  const [selected, setSelected] = useState<Set<string>>(new Set());
  const members = useInfiniteQuery({ ...membersQuery(group.id, search, nested), placeholderData: keepPreviousData });
  const refresh = () => queries.invalidateQueries({ queryKey: ["groups"] });
  const removing = useMutation({
    mutationFn: (ids: Iterable<string>) => {
      const names = new Map(members.data?.pages.flatMap(({ value }) => value.map((member) => [member.id, nameOf(member)])));
      return each(ids, (id) => names.get(id) ?? id, (id) => removeMember(group.id, id));
    },
    onSuccess: ({ done, failures }) => {
      if (done > 0) toasts.done(`${count(done)} removed`);
      setSelected(new Set());
      setAsking(failures.length > 0);
    },
    onSettled: refresh,
  });
  const adds = useMutation({
    mutationFn: (picked: { id: string; name: string }[]) => each(picked, ({ name }) => name, ({ id }) => addMember(group.id, id)),
    onSuccess: ({ done, failures }) => {
      if (done > 0) toasts.done(`${count(done)} added`);
      setAdding(failures.length > 0);
    },
    onSettled: refresh,
  });
  return (
    <>
      <div className={styles.bar}>
        <SearchField label="Search members" value={search} onSearch={setSearch} />
        <Checkbox label="Also members of nested groups" checked={nested} onChange={(_, { checked }) => { setNested(checked === true); setSelected(new Set()); }} />
        {writable && (
          <>
            <Button icon={<PersonAdd20Regular />} onClick={() => { adds.reset(); setAdding(true); }}>Add members</Button>
            {!nested && <Button icon={<PersonDelete20Regular />} disabled={selected.size === 0} onClick={() => { removing.reset(); setAsking(true); }}>Remove</Button>}
          </>
        )}
      </div>
      <DataTable
        embedded
        label="Members"
        rows={members}
        columns={COLUMNS}
        idOf={(member) => member.id}
        nameOf={nameOf}
        onOpen={({ id, ...member }) => void navigate({ to: isGroup({ id, ...member }) ? "/groups/$id" : "/users/$id", params: { id } })}
        selected={selected}
        onSelect={writable && !nested ? setSelected : undefined}
        empty={search ? `No member is found by "${search}".` : "The group has no members yet."}
      />
      {adding && <AddMembers group={group} pending={adds.isPending} error={adds.error} outcome={adds.data} onAdd={(picked) => adds.mutate(picked)} onClose={() => setAdding(false)} />}
      <ConfirmDialog
        open={asking}
        title={removing.data ? "Not all of it was done" : `Remove ${count(selected.size)} from ${nameOf(group)}?`}
        action={removing.data ? undefined : "Remove"}
        danger
        pending={removing.isPending}
        error={removing.error}
        onConfirm={() => removing.mutate(selected)}
        onCancel={() => setAsking(false)}
      >
        {removing.data ? <Failures of={removing.data} /> : "They lose what they have by this group, such as the assignment to an application."}
      </ConfirmDialog>
    </>
  );
}
