import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, InteractionTag, InteractionTagPrimary, InteractionTagSecondary, makeStyles, TagGroup, tokens } from "@fluentui/react-components";
import { useState } from "react";

import type { Candidate } from "../../api/applications";
import type { Group } from "../../api/groups";
import type { Outcome } from "../../parts/each";
import { ErrorBar } from "../../parts/ErrorBar";
import { Failures } from "../../parts/Failures";
import { ObjectPicker } from "../../parts/ObjectPicker";

const useStyles = makeStyles({
  content: { display: "grid", gap: tokens.spacingVerticalL, minHeight: "160px", alignContent: "start" },
  picked: { display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalS },
});

interface Props {
  group: Group;
  pending: boolean;
  error: unknown;
  outcome?: Outcome;
  onAdd: (picked: Candidate[]) => void;
  onClose: () => void;
}

/** Users and groups are picked one after the other, and added together. */
export function AddMembers({ group, pending, error, outcome, onAdd, onClose }: Props) {
  const styles = useStyles();
  const [picked, setPicked] = useState<Candidate[]>([]);
  const add = (candidate?: Candidate) => setPicked((now) => (candidate && !now.some(({ id }) => id === candidate.id) ? [...now, candidate] : now));
  return (
    <Dialog open onOpenChange={(_, next) => !next.open && onClose()}>
      <DialogSurface>
        <DialogBody>
          <DialogTitle>{`Add members to ${group.displayName ?? group.id}`}</DialogTitle>
          <DialogContent className={styles.content}>
            <ObjectPicker groups label="User or group" onChoose={add} />
            <TagGroup className={styles.picked} aria-label="To be added" onDismiss={(_, { value }) => setPicked((now) => now.filter(({ id }) => id !== value))}>
              {picked.map(({ id, name }) => (
                <InteractionTag key={id} value={id}>
                  <InteractionTagPrimary hasSecondaryAction>{name}</InteractionTagPrimary>
                  <InteractionTagSecondary aria-label={`Do not add ${name}`} />
                </InteractionTag>
              ))}
            </TagGroup>
            <ErrorBar error={error} />
            {outcome && outcome.failures.length > 0 && <Failures of={outcome} />}
          </DialogContent>
          <DialogActions>
            <Button appearance="primary" disabledFocusable={pending || picked.length === 0} onClick={() => picked.length > 0 && onAdd(picked)}>Add</Button>
            <Button onClick={onClose}>Cancel</Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
