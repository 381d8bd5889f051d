import { makeStyles, ToolbarButton, tokens } from "@fluentui/react-components";
import { ArrowClockwise20Regular, Delete20Regular, Pause20Regular, PersonSync20Regular, Play20Regular } from "@fluentui/react-icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { deleteApplication } from "../../../api/applications";
import { pauseJob, startJob } from "../../../api/jobs";
import { may, sessionQuery } from "../../../api/session";
import { CommandBar } from "../../../parts/CommandBar";
import { ConfirmDialog } from "../../../parts/ConfirmDialog";
import { useToasts } from "../../../parts/toasts";
import { useApplication } from "../layout/application";
import { RestartDialog } from "./RestartDialog";

const useStyles = makeStyles({
  commands: { padding: `0 ${tokens.spacingHorizontalXXL}`, "@media (max-width: 720px)": { paddingInline: tokens.spacingHorizontalM } },
});

/** Starts, pauses and restarts provisioning; deletes the application. */
export function OverviewCommands() {
  const styles = useStyles();
  const { application, job } = useApplication();
  const { id } = application;
  const navigate = useNavigate();
  const queries = useQueryClient();
  const toasts = useToasts();
  const { data: session } = useQuery(sessionQuery);
  const [asking, setAsking] = useState<"restart" | "delete">();
  const refresh = () => queries.invalidateQueries({ queryKey: ["jobs"] });
  const switching = useMutation({
    mutationFn: ({ on, job }: { on: boolean; job: string }) => (on ? startJob(id, job) : pauseJob(id, job)),
    onSuccess: (_, { on }) => toasts.done(on ? "Provisioning is on" : "Provisioning is paused"),
    onError: toasts.failed,
    onSettled: refresh,
  });
  const deleting = useMutation({
    mutationFn: () => deleteApplication(id),
    onSuccess: async () => {
      toasts.done(`${application.displayName ?? "The application"} was deleted`);
      await navigate({ to: "/applications" });
      await queries.invalidateQueries({ queryKey: ["applications"] });
      await refresh();
    },
  });
  if (!session || !may(session, "write", "applications")) return null;
  return (
    <div className={styles.commands}>
      <CommandBar>
        {job && !job.started && (
          <ToolbarButton icon={<Play20Regular />} disabled={switching.isPending} onClick={() => switching.mutate({ on: true, job: job.id })}>Start provisioning</ToolbarButton>
        )}
        {job?.started && (
          <ToolbarButton icon={<Pause20Regular />} disabled={switching.isPending} onClick={() => switching.mutate({ on: false, job: job.id })}>Pause provisioning</ToolbarButton>
        )}
        {job && <ToolbarButton icon={<ArrowClockwise20Regular />} onClick={() => setAsking("restart")}>Restart provisioning</ToolbarButton>}
        {job && <ToolbarButton icon={<PersonSync20Regular />} onClick={() => void navigate({ to: "/applications/$id/provision-on-demand", params: { id } })}>Provision on demand</ToolbarButton>}
        <ToolbarButton icon={<Delete20Regular />} onClick={() => setAsking("delete")}>Delete</ToolbarButton>
      </CommandBar>
      {asking === "restart" && job && <RestartDialog job={job.id} onClosed={() => setAsking(undefined)} />}
      <ConfirmDialog
        open={asking === "delete"}
        title={`Delete ${application.displayName ?? "the application"}?`}
        action="Delete"
        danger
        pending={deleting.isPending}
        error={deleting.error}
        onConfirm={() => deleting.mutate()}
        onCancel={() => setAsking(undefined)}
      >
        Its assignments, credentials, mappings and job are deleted with it, which cannot be undone. The accounts in the
        application stay as they are, and nobody provisions them any more.
      </ConfirmDialog>
    </div>
  );
}
