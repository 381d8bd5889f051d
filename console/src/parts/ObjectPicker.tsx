import { Combobox, Field, Option, OptionGroup } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { type Candidate, candidatesQuery } from "../api/applications";
import { useSettled } from "./settled";

interface Props {
  label: string;
  hint?: string;
  /** Whether groups may be chosen as well. */
  groups?: boolean;
  chosen?: Candidate;
  onChoose: (object: Candidate | undefined) => void;
}

/** Finds a user or group by what somebody types, on the server. */
export function ObjectPicker({ label, hint, groups = false, chosen, onChoose }: Props) {
  const [typed, setTyped] = useState<string>();
  const [open, setOpen] = useState(false);
  const settled = useSettled(typed ?? "");
  const found = useQuery({ ...candidatesQuery(settled), enabled: typed !== undefined });
  const options = (type: Candidate["type"]) =>
    found.data?.filter((object) => object.type === type).map((object) => (
      <Option key={object.id} value={object.id} text={object.name}>
        <span>{object.name}{object.detail && <small style={{ display: "block" }}>{object.detail}</small>}</span>
      </Option>
    ));
  const none = found.data?.every(({ type }) => type === "Group" && !groups);
  const nothing = found.isError ? "The directory could not be read." : none ? "Nobody is found by this." : undefined;
  return (
    <Field label={label} hint={hint} style={{ maxWidth: 420 }}>
      <Combobox
        freeform
        expandIcon={{ tabIndex: -1 }}
        clearable
        inlinePopup
        placeholder={groups ? "Search users and groups" : "Search users"}
        value={typed ?? chosen?.name ?? ""}
        selectedOptions={chosen ? [chosen.id] : []}
        open={open}
        onOpenChange={(_, next) => {
          setOpen(next.open);
          if (next.open) setTyped((now) => now ?? "");
        }}
        onChange={({ target }) => {
          setTyped(target.value);
          // Also for what is pasted.
          setOpen(true);
        }}
        onBlur={() => setTyped(undefined)}
        onOptionSelect={(_, { optionValue }) => {
          onChoose(found.data?.find(({ id }) => id === optionValue));
          setTyped(undefined);
        }}
      >
        {groups ? <OptionGroup label="Users">{options("User")}</OptionGroup> : options("User")}
        {groups && <OptionGroup label="Groups">{options("Group")}</OptionGroup>}
        {nothing && <Option key="nothing" value="" text="" disabled>{nothing}</Option>}
      </Combobox>
    </Field>
  );
}
