import { makeStyles, MessageBar, MessageBarBody, Text, ToolbarButton } from "@fluentui/react-components";
import { Scales20Regular, Wrench20Regular } from "@fluentui/react-icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useState } from "react";

import { compare, type Drift, driftQuery } from "../../../api/plans";
import { CommandBar } from "../../../parts/CommandBar";
import { ConfirmDialog } from "../../../parts/ConfirmDialog";
import { ErrorBar } from "../../../parts/ErrorBar";
import { PageBody } from "../../../parts/PageBody";
import { ProgressLive } from "../../../parts/ProgressLive";
import { Properties } from "../../../parts/Properties";
import { Unread } from "../../../parts/Unread";
import { When } from "../../../parts/When";
import { useApplication, useJob } from "../layout/application";
import { useWritable } from "../mappings/use";
import { Findings } from "./Findings";
import { kinds, verdict } from "./words";

const useStyles = makeStyles({ page: { display: "flex", flexDirection: "column", flexGrow: 1, minHeight: 0 } });

/** What the application holds otherwise than this job left it. */
export function DriftPage() {
  const styles = useStyles();
  const job = useJob();
  const { application } = useApplication();
  const writable = useWritable();
  const queries = useQueryClient();
  const drift = useQuery(driftQuery(job.id));
  const [asking, setAsking] = useState(false);
  const [begun, setBegun] = useState(false);
  const comparing = useMutation({
    mutationFn: (repair: boolean) => compare(job.id, repair),
    onSuccess: () => {
      setAsking(false);
      setBegun(true);
    },
  });
  const onEnded = useCallback(() => {
    setBegun(false);
    void queries.invalidateQueries({ queryKey: ["jobs"] });
    void queries.invalidateQueries({ queryKey: ["log"] });
  }, [queries]);
  const running = begun || job.currentCycle?.kind === "drift";
  if (drift.data === undefined) return <Unread of={drift} what="the last comparison" />;
  return (
    <div className={styles.page}>
      <PageBody>
        {writable && (
          <CommandBar>
            <ToolbarButton icon={<Scales20Regular />} disabled={running || comparing.isPending} onClick={() => comparing.mutate(false)}>Compare now</ToolbarButton>
            <ToolbarButton icon={<Wrench20Regular />} disabled={running || comparing.isPending} onClick={() => { comparing.reset(); setAsking(true); }}>Repair</ToolbarButton>
          </CommandBar>
        )}
        {!asking && <ErrorBar error={comparing.error} />}
        {running && <ProgressLive job={job.id} onEnded={onEnded} />}
        {!running && (drift.data ? <Report drift={drift.data} /> : <Text>The application has not been compared yet with what this job left there. A comparison writes nothing.</Text>)}
      </PageBody>
      {!running && drift.data && drift.data.listed > 0 && <Findings job={job.id} drift={drift.data} />}
      <ConfirmDialog
        open={asking}
        title={`Repair the accounts in ${application.displayName}?`}
        action="Repair"
        pending={comparing.isPending}
        error={comparing.error}
        onConfirm={() => comparing.mutate(true)}
        onCancel={() => setAsking(false)}
      >
        Everything is compared, and what differs is put right: changed values are written back, accounts that are gone are created again, members come
        back. Renames and removals pass their guards. Accounts that nobody provisioned are left alone.
      </ConfirmDialog>
    </div>
  );
}

function Report({ drift }: { drift: Drift }) {
  const repaired = drift.repair ? drift.repaired.created + drift.repaired.updated + drift.repaired.disabled + drift.repaired.deleted : undefined;
  return (
    <>
      {drift.error && <MessageBar intent="warning" layout="multiline"><MessageBarBody>{`${drift.error.reason} ${drift.error.recommendedAction}`}</MessageBarBody></MessageBar>}
      {drift.heldBack && <MessageBar intent="warning"><MessageBarBody>A guard held the repair or a part of it back.</MessageBarBody></MessageBar>}
      <Text role="status">{verdict(drift)}</Text>
      <Properties
        of={[
          ["Compared", <When time={drift.ended} />],
          ["How", `${drift.scheduled ? "by the schedule" : "by hand"}${drift.repair ? ", with repair" : ""}`],
          ...kinds(drift),
          ["Repaired", repaired],
          ["Could not be read", drift.unread || undefined],
          ["Groups that show no members", drift.groupsWithoutMembers || undefined],
        ]}
      />
    </>
  );
}
