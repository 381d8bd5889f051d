import {
  Button, Drawer, DrawerBody, DrawerFooter, DrawerHeader, DrawerHeaderTitle, makeStyles, tokens,
} from "@fluentui/react-components";
import { Dismiss24Regular } from "@fluentui/react-icons";
import { useMutation } from "@tanstack/react-query";
import { type SubmitEvent, useState } from "react";

import { affected, type AttributeMapping, type ObjectMapping, type SavedSchema, type Schema } from "../../../api/mappings";
import { ConfirmDialog } from "../../../parts/ConfirmDialog";
import { ErrorBar } from "../../../parts/ErrorBar";
import { FocusBack } from "../../../parts/FocusBack";
import { AttributeForm } from "./AttributeForm";
import { draftOf, mappingOf, numbered, problems, withMapping } from "./mapping";
import { useJobOf } from "./use";

const useStyles = makeStyles({
  drawer: { width: "min(760px, 100vw)" },
  form: { display: "contents" },
  body: { display: "grid", alignContent: "start", gap: tokens.spacingVerticalL, paddingBottom: tokens.spacingVerticalXXL },
  footer: { borderTop: `1px solid ${tokens.colorNeutralStroke2}` },
});

interface Props {
  /** The one that is edited, null for a new one, undefined where the drawer is closed. */
  opened: AttributeMapping | null | undefined;
  mapping: ObjectMapping;
  saved: SavedSchema;
  /** The schema with the attributes of both ends. */
  directories: Schema;
  writable: boolean;
  onClose: () => void;
  onDone: (mapping: AttributeMapping) => void;
}

/** Edit Attribute: where one attribute's value comes from. The server checks it before the drawer closes; nothing is saved yet. */
export function AttributeDrawer({ opened, mapping, saved, directories, writable, onClose, onDone }: Props) {
  const styles = useStyles();
  const of = useJobOf();
  const before = opened ?? undefined;
  const [draft, setDraft] = useState(() => draftOf(before));
  const [tried, setTried] = useState(false);
  const [asking, setAsking] = useState(false);
  const all = mapping.attributeMappings ?? [];
  const others = all.filter((it) => it !== before);
  const wrong = problems(draft, others.map((it) => it.targetAttributeName ?? ""));
  const changed = JSON.stringify(draft) !== JSON.stringify(draftOf(before));
  const checking = useMutation({
    mutationFn: async (made: AttributeMapping) => {
      const attributes = before ? all.map((it) => (it === before ? made : it)) : [...all, made];
      await affected(of, withMapping(saved.schema, { ...mapping, attributeMappings: numbered(attributes) }));
      return made;
    },
    onSuccess: onDone,
  });
  const close = () => (changed && writable ? setAsking(true) : onClose());
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    setTried(true);
    if (Object.keys(wrong).length === 0) checking.mutate(mappingOf(draft, before));
  };
  return (
    <>
      <Drawer type="overlay" position="end" className={styles.drawer} open={opened !== undefined} onOpenChange={(_, { open }) => !open && close()}>
        <form className={styles.form} noValidate onSubmit={submit} aria-label="Edit Attribute">
          <FocusBack />
          <DrawerHeader>
            <DrawerHeaderTitle action={<Button appearance="subtle" aria-label="Close" icon={<Dismiss24Regular />} onClick={close} />}>
              {before ? "Edit Attribute" : "Add New Mapping"}
            </DrawerHeaderTitle>
          </DrawerHeader>
          <DrawerBody className={styles.body}>
            <ErrorBar error={checking.error} />
            <AttributeForm
              draft={draft}
              problems={tried ? wrong : {}}
              object={mapping.sourceObjectName === "Group" ? "Group" : "User"}
              directories={directories}
              readOnly={!writable}
              onChange={(change) => {
                checking.reset();
                setDraft((now) => ({ ...now, ...change }));
              }}
            />
          </DrawerBody>
          <DrawerFooter className={styles.footer}>
            {writable && <Button type="submit" appearance="primary" disabledFocusable={checking.isPending}>OK</Button>}
            <Button onClick={close}>{writable ? "Cancel" : "Close"}</Button>
          </DrawerFooter>
        </form>
      </Drawer>
      <ConfirmDialog open={asking} title="Leave what you typed?" action="Leave" onConfirm={onClose} onCancel={() => setAsking(false)}>
        What you changed of this mapping is lost.
      </ConfirmDialog>
    </>
  );
}
