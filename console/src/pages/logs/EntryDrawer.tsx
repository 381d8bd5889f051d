import { useQuery } from "@tanstack/react-query";

import { type Entry, entryQuery } from "../../api/log";
import { Details } from "../../parts/Details";
import { Unread } from "../../parts/Unread";
import { EntryDetails } from "./EntryDetails";
import { nameOf } from "./words";

/** The details of an entry; `known` is the same from the list, where it was read already. They stay if the list becomes another. */
export function EntryDrawer({ id, known, onClose }: { id: string | undefined; known?: Entry; onClose: () => void }) {
  const entry = useQuery({ ...entryQuery(id ?? ""), enabled: id !== undefined, initialData: known });
  const shown = entry.data;
  return (
    <Details title={shown ? nameOf(shown) : "Provisioning log details"} wide open={id !== undefined} onClose={onClose}>
      {shown ? <EntryDetails key={shown.id} entry={shown} /> : <Unread small of={entry} what="the entry" />}
    </Details>
  );
}
