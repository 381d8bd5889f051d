import { Button, Drawer, DrawerBody, DrawerHeader, DrawerHeaderTitle, makeStyles, Spinner } from "@fluentui/react-components";
import { Dismiss24Regular } from "@fluentui/react-icons";
import { useQuery } from "@tanstack/react-query";

import { type Entry, entryQuery } from "../../api/log";
import { ErrorState } from "../../parts/ErrorState";
import { EntryDetails } from "./EntryDetails";
import { nameOf } from "./words";

const useStyles = makeStyles({ drawer: { width: "min(680px, 100vw)" } });

/** The details of an entry; `known` is the same from the list, where it was read already. They stay if the list becomes another. */
export function EntryDrawer({ id, known, onClose }: { id: string | undefined; known?: Entry; onClose: () => void }) {
  const styles = useStyles();
  const entry = useQuery({ ...entryQuery(id ?? ""), enabled: id !== undefined, initialData: known });
  const shown = entry.data;
  return (
    <Drawer type="overlay" position="end" className={styles.drawer} open={id !== undefined} onOpenChange={(_, { open }) => !open && onClose()}>
      <DrawerHeader>
        <DrawerHeaderTitle action={<Button appearance="subtle" aria-label="Close" icon={<Dismiss24Regular />} onClick={onClose} />}>
          {shown ? nameOf(shown) : "Provisioning log details"}
        </DrawerHeaderTitle>
      </DrawerHeader>
      <DrawerBody>
        {shown ? <EntryDetails key={shown.id} entry={shown} /> : entry.isError ? <ErrorState error={entry.error} retry={() => void entry.refetch()} /> : <Spinner label="Reading the entry" />}
      </DrawerBody>
    </Drawer>
  );
}
