import { makeStyles, MessageBar, MessageBarBody, ToolbarButton, tokens } from "@fluentui/react-components";
import { Add20Regular, Delete20Regular } from "@fluentui/react-icons";
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo, useState } from "react";

import { type AppRoleAssignment, assignedQuery, unassign } from "../../../api/applications";
import { may, sessionQuery } from "../../../api/session";
import { CommandBar } from "../../../parts/CommandBar";
import { ConfirmDialog } from "../../../parts/ConfirmDialog";
import { type Column, DataTable } from "../../../parts/DataTable";
import { count } from "../../../parts/format";
import { SearchField } from "../../../parts/SearchField";
import { useToasts } from "../../../parts/toasts";
import { useApplication } from "../layout/application";
import { AssignDrawer } from "./AssignDrawer";
import { roleName } from "./roles";

const useStyles = makeStyles({
  top: {
    display: "grid",
    gap: tokens.spacingVerticalS,
    justifyItems: "start",
    padding: `0 ${tokens.spacingHorizontalXXL} ${tokens.spacingVerticalM}`,
    "@media (max-width: 720px)": { paddingInline: tokens.spacingHorizontalM },
  },
});

/** Who is assigned to an application, and with which role. */
export function AccessPage() {
  const styles = useStyles();
  const { application, job } = useApplication();
  const { search = "" } = useSearch({ from: "/shell/applications/$id/users" });
  const navigate = useNavigate({ from: "/applications/$id/users" });
  const queries = useQueryClient();
  const toasts = useToasts();
  const { data: session } = useQuery(sessionQuery);
  const assigned = useInfiniteQuery(assignedQuery(application.id, search));
  const [selected, setSelected] = useState<Set<string>>(new Set());
  const [adding, setAdding] = useState(false);
  const [asking, setAsking] = useState(false);
  const writable = session && may(session, "write", "applications");
  const onSearch = useCallback(
    (text: string) => void navigate({ search: { search: text || undefined }, replace: true }),
    [navigate],
  );
  const columns = useMemo((): Column<AppRoleAssignment>[] => [
    { name: "Display name", share: 3, cell: (assignment) => assignment.principalDisplayName },
    { name: "Object type", wideOnly: true, cell: (assignment) => assignment.principalType },
    { name: "Role assigned", share: 2, cell: (assignment) => roleName(application, assignment.appRoleId) },
  ], [application]);
  const removing = useMutation({
    mutationFn: async () => {
      for (const id of selected) await unassign(application.id, id);
    },
    onSuccess: () => {
      toasts.done(`${count(selected.size)} ${selected.size === 1 ? "assignment" : "assignments"} removed`);
      setSelected(new Set());
      setAsking(false);
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ["applications", "one", application.id] }),
  });
  return (
    <>
      <div className={styles.top}>
        {writable && (
          <CommandBar>
            <ToolbarButton icon={<Add20Regular />} onClick={() => setAdding(true)}>Add user/group</ToolbarButton>
            <ToolbarButton
              icon={<Delete20Regular />}
              disabled={selected.size === 0}
              onClick={() => {
                removing.reset();
                setAsking(true);
              }}
            >
              Remove
            </ToolbarButton>
          </CommandBar>
        )}
        {job?.scope === "all" && (
          <MessageBar intent="info" layout="multiline">
            <MessageBarBody>The scope is "Sync all users and groups": who is not assigned is provisioned as well, and assignments give roles.</MessageBarBody>
          </MessageBar>
        )}
        <SearchField label="Search assignments" value={search} onSearch={onSearch} />
      </div>
      <DataTable
        label="Users and groups"
        rows={assigned}
        columns={columns}
        idOf={({ id }) => id ?? ""}
        nameOf={({ principalDisplayName, id }) => principalDisplayName ?? id ?? ""}
        selected={selected}
        onSelect={writable ? setSelected : undefined}
        onOpen={({ principalId, principalType }) => {
          if (principalId && principalType === "User") void navigate({ to: "/users/$id", params: { id: principalId } });
          else if (principalId) void navigate({ to: "/groups/$id", params: { id: principalId } });
        }}
        empty={search ? `No assignment is found by "${search}".` : "Nobody is assigned yet."}
      />
      {adding && <AssignDrawer application={application} excludesDefaultAccess={job?.excludeDefaultAccess ?? false} onClosed={() => setAdding(false)} />}
      <ConfirmDialog
        open={asking}
        title={`Remove ${count(selected.size)} ${selected.size === 1 ? "assignment" : "assignments"}?`}
        action="Remove"
        danger
        pending={removing.isPending}
        error={removing.error}
        onConfirm={() => removing.mutate()}
        onCancel={() => setAsking(false)}
      >
        {job?.scope === "all"
          ? "Their accounts stay, as everybody is in scope; the role goes."
          : `Who is not assigned in another way leaves the scope, and the next cycle does with the account what the job says for that: ${job?.deprovisioning.outOfScope ?? "disable"}.`}
      </ConfirmDialog>
    </>
  );
}
