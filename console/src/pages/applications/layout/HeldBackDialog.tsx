import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, makeStyles, Text } from "@fluentui/react-components";
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { allowDeletes, type Job, stagedQuery, type Staged } from "../../../api/jobs";
import { may, sessionQuery } from "../../../api/session";
import { type Column, DataTable } from "../../../parts/DataTable";
import { ErrorBar } from "../../../parts/ErrorBar";
import { FocusBack } from "../../../parts/FocusBack";
import { useToasts } from "../../../parts/toasts";
import { When } from "../../../parts/When";

const useStyles = makeStyles({
  surface: { maxWidth: "960px", width: "100%" },
  list: { display: "flex", flexDirection: "column", height: "min(46vh, 420px)" },
});

const ACTIONS: Record<string, string> = { delete: "Delete", disable: "Disable", rename: "Rename", recreate: "Create again", removeMembers: "Remove members" };

const COLUMNS: Column<Staged>[] = [
  { name: "Name", share: 4, cell: (change) => <span title={change.displayName}>{change.displayName}</span> },
  { name: "Action", share: 2, cell: ({ action, count }) => `${ACTIONS[action] ?? action}${count > 1 ? ` (${count})` : ""}` },
  { name: "Why", share: 4, wideOnly: true, cell: (change) => <span title={change.reason}>{change.reason}</span> },
  { name: "Held back", share: 2, wideOnly: true, cell: (change) => <When time={change.since} /> },
];

/** The list of what guards hold back, and letting it go ahead. */
export function HeldBackDialog({ job, onClosed }: { job: Job; onClosed: () => void }) {
  const styles = useStyles();
  const queries = useQueryClient();
  const toasts = useToasts();
  const { data: session } = useQuery(sessionQuery);
  // What joins the list while it is read is not in it, and is not allowed with it.
  const staged = useInfiniteQuery({ ...stagedQuery(job.id), staleTime: "static", gcTime: 0 });
  const asOf = staged.data?.pages[0]?.asOf;
  const allowing = useMutation({
    mutationFn: () => allowDeletes(job.id, asOf!),
    onSuccess: async () => {
      toasts.done("What was held back goes ahead with the next cycle");
      onClosed();
      await queries.invalidateQueries({ queryKey: ["jobs"] });
    },
  });
  const allowed = session && may(session, "write", "applications");
  return (
    <Dialog open onOpenChange={(_, { open }) => !open && onClosed()}>
      <DialogSurface className={styles.surface}>
        <FocusBack />
        <DialogBody>
          <DialogTitle>What is held back</DialogTitle>
          <DialogContent>
            <Text>
              If these changes are meant, allow them: the next cycle makes exactly what is in this list. Otherwise repair their
              cause (assignments, a scoping filter, the source of the users), and they go from the list by themselves.
            </Text>
            <div className={styles.list}>
              <DataTable label="Held back" rows={staged} columns={COLUMNS} idOf={({ id }) => id} empty="Nothing is held back any more." />
            </div>
            <ErrorBar error={allowing.error} />
          </DialogContent>
          <DialogActions>
            {allowed && (
              <Button appearance="primary" disabledFocusable={!asOf || allowing.isPending} onClick={() => asOf && allowing.mutate()}>Allow deletes</Button>
            )}
            <Button onClick={onClosed}>Close</Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
