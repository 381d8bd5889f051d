import { Button, Drawer, DrawerBody, DrawerHeader, DrawerHeaderTitle, makeStyles, Text, tokens } from "@fluentui/react-components";
import { Dismiss24Regular } from "@fluentui/react-icons";
import { Link } from "@tanstack/react-router";

import type { PlannedChange } from "../../../api/plans";
import { Differences } from "../../../parts/Differences";
import { Properties } from "../../../parts/Properties";
import { Stages } from "../../logs/Stages";
import { Status } from "../../logs/Status";
import { word } from "../../logs/words";
import { differences, nameOf } from "./changes";

const useStyles = makeStyles({
  drawer: { width: "min(680px, 100vw)" },
  body: { display: "grid", alignContent: "start", gap: tokens.spacingVerticalL, paddingBottom: tokens.spacingVerticalXL },
});

/** What would become of one object. */
export function ChangeDrawer({ change, title, onClose }: { change?: PlannedChange; title?: string; onClose: () => void }) {
  const styles = useStyles();
  return (
    <Drawer type="overlay" position="end" className={styles.drawer} open={change !== undefined} onOpenChange={(_, { open }) => !open && onClose()}>
      <DrawerHeader>
        <DrawerHeaderTitle action={<Button appearance="subtle" aria-label="Close" icon={<Dismiss24Regular />} onClick={onClose} />}>{title}</DrawerHeaderTitle>
      </DrawerHeader>
      <DrawerBody>{change && <div className={styles.body}><Change change={change} /></div>}</DrawerBody>
    </Drawer>
  );
}

/** What is planned for an object: why, and each attribute with its value before and after. */
export function Change({ change }: { change: PlannedChange }) {
  const { source, target, error, steps } = change;
  const modified = differences(change);
  const made = target.id.startsWith("new-");
  return (
    <>
      <Properties
        of={[
          ["Action", word(change.action)],
          ["Status", <Status of={change.status} />],
          ["Identity", source.identityType === "User" && source.id ? <Link to="/users/$id" params={{ id: source.id }}>{nameOf(change)}</Link> : nameOf(change)],
          ["Target ID", made ? "given by the application once it is created" : target.id],
          ["Reason", error?.reason],
          ["Recommended action", error?.recommendedAction],
        ]}
      />
      {modified.length > 0 ? <Differences label="What would change" of={modified} /> : <Text>No attribute would be written.</Text>}
      {steps && <Stages steps={steps} type={source.identityType} />}
    </>
  );
}
