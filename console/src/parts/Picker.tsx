import { Combobox, Field, makeStyles, Option, Spinner, Text, tokens } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { wording } from "../api/errors";
import { candidatesQuery, type Candidate, type CandidateKind } from "../api/candidates";

const useStyles = makeStyles({ second: { color: tokens.colorNeutralForeground2 }, list: { maxHeight: "320px" } });
const PAUSE = 250;

interface Props {
  label: string;
  of: CandidateKind;
  /** Ids that are not offered. */
  without?: ReadonlySet<string>;
  onPick: (candidate: Candidate) => void;
}

/** Finds a user or group by typing a part of a name; the server searches. */
export function Picker({ label, of, without, onPick }: Props) {
  const styles = useStyles();
  const [typed, setTyped] = useState("");
  const [search, setSearch] = useState("");
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSearch(typed), PAUSE);
    return () => clearTimeout(timer);
  }, [typed]);
  const found = useQuery(candidatesQuery(of, search));
  const offered = found.data?.filter(({ id }) => !without?.has(id)) ?? [];
  return (
    <Field label={label} validationState={found.error ? "error" : "none"} validationMessage={found.error ? wording(found.error).message : undefined}>
      <Combobox
        freeform
        open={open}
        onOpenChange={(_, next) => setOpen(next.open)}
        value={typed}
        selectedOptions={[]}
        placeholder="Type a part of a name"
        listbox={{ className: styles.list }}
        onInput={({ target }) => {
          setTyped((target as HTMLInputElement).value);
          setOpen(true);
        }}
        onOptionSelect={(_, { optionValue }) => {
          const picked = offered.find(({ id }) => id === optionValue);
          if (!picked) return;
          onPick(picked);
          setTyped("");
        }}
      >
        {offered.map((candidate) => (
          <Option key={candidate.id} value={candidate.id} text={candidate.name}>
            <span>
              <Text block>{candidate.name}</Text>
              <Text block size={200} className={styles.second}>{candidate.about}</Text>
            </span>
          </Option>
        ))}
        {offered.length === 0 && (
          <Option value="" text="" disabled>{found.isPending ? <Spinner size="tiny" label="Searching" /> : "Nobody is found"}</Option>
        )}
      </Combobox>
    </Field>
  );
}
