import { Button, makeStyles, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle, Text, tokens } from "@fluentui/react-components";
import { Save20Regular } from "@fluentui/react-icons";

import { ErrorBar } from "../../../parts/ErrorBar";
import { UnsavedGuard } from "../../../parts/UnsavedGuard";
import type { MappingEditor } from "./use";

const useStyles = makeStyles({
  bar: { display: "flex", flexWrap: "wrap", alignItems: "center", gap: tokens.spacingHorizontalM },
  hint: { color: tokens.colorNeutralForeground2 },
});

/** Saves what was edited, and says before what the next cycle will look at because of it. */
export function SaveBar({ editor, writable }: { editor: MappingEditor; writable: boolean }) {
  const styles = useStyles();
  const { unsaved, saving, save, discard, reload, consequence, error, changedByOthers } = editor;
  if (!writable) return null;
  return (
    <div style={{ display: "grid", gap: 8 }}>
      <div className={styles.bar}>
        <Button appearance="primary" icon={<Save20Regular />} disabledFocusable={!unsaved || saving} onClick={() => unsaved && save()}>Save</Button>
        <Button disabledFocusable={!unsaved || saving} onClick={() => unsaved && discard()}>Discard</Button>
        <Text className={styles.hint} role="status">{unsaved ? consequence ?? "Not saved yet." : ""}</Text>
      </div>
      {changedByOthers ? (
        <MessageBar intent="warning" layout="multiline" role="alert">
          <MessageBarBody>
            <MessageBarTitle>Somebody else has changed the mappings meanwhile.</MessageBarTitle>
            Nothing was saved. Read what they are now, and make your change again.
          </MessageBarBody>
          <MessageBarActions><Button onClick={reload}>Read again</Button></MessageBarActions>
        </MessageBar>
      ) : <ErrorBar error={error} />}
      <UnsavedGuard unsaved={unsaved} />
    </div>
  );
}
