import {
  Button, Checkbox, DrawerBody, DrawerFooter, DrawerHeader, DrawerHeaderTitle, makeStyles, OverlayDrawer, Select, Spinner, Tag, TagGroup, Text, tokens,
} from "@fluentui/react-components";
import { Dismiss24Regular } from "@fluentui/react-icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useState } from "react";

import { type Application, assign, type Candidate, candidatesQuery } from "../../../api/applications";
import { ErrorBar } from "../../../parts/ErrorBar";
import { FocusBack } from "../../../parts/FocusBack";
import { FormField } from "../../../parts/FormField";
import { count } from "../../../parts/format";
import { SearchField } from "../../../parts/SearchField";
import { useToasts } from "../../../parts/toasts";
import { DEFAULT_ACCESS, rolesOf } from "./roles";

const useStyles = makeStyles({
  body: { display: "flex", flexDirection: "column", gap: tokens.spacingVerticalM },
  found: { display: "flex", flexDirection: "column" },
  row: { display: "flex", alignItems: "center", gap: tokens.spacingHorizontalS },
  type: { color: tokens.colorNeutralForeground2 },
  chosen: { flexWrap: "wrap", gap: tokens.spacingHorizontalXS },
});

interface Props {
  application: Application;
  /** Whether who has only Default Access is not provisioned. */
  excludesDefaultAccess: boolean;
  onClosed: () => void;
}

/** Chooses users and groups, and a role, and assigns them. */
export function AssignDrawer({ application, excludesDefaultAccess, onClosed }: Props) {
  const styles = useStyles();
  const queries = useQueryClient();
  const toasts = useToasts();
  const roles = rolesOf(application);
  const [role, setRole] = useState(roles[0]!.id);
  const [search, setSearch] = useState("");
  const [chosen, setChosen] = useState<Candidate[]>([]);
  const found = useQuery(candidatesQuery(search));
  const onSearch = useCallback((text: string) => setSearch(text), []);
  const toggle = (candidate: Candidate) =>
    setChosen((now) => (now.some(({ id }) => id === candidate.id) ? now.filter(({ id }) => id !== candidate.id) : [...now, candidate]));
  const assigning = useMutation({
    mutationFn: async () => {
      // Who is assigned by now is not tried again after a failure.
      for (const candidate of chosen) {
        await assign(application.id, candidate.id, role);
        setChosen((now) => now.filter(({ id }) => id !== candidate.id));
      }
      return chosen.length;
    },
    onSuccess: (number) => {
      toasts.done(`${count(number)} ${number === 1 ? "assignment" : "assignments"} added`);
      onClosed();
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ["applications", "one", application.id] }),
  });
  return (
    <OverlayDrawer open position="end" size="medium" onOpenChange={(_, { open }) => !open && onClosed()}>
      <FocusBack />
      <DrawerHeader>
        <DrawerHeaderTitle action={<Button appearance="subtle" aria-label="Close" icon={<Dismiss24Regular />} onClick={onClosed} />}>
          Add assignment
        </DrawerHeaderTitle>
      </DrawerHeader>
      <DrawerBody className={styles.body}>
        <FormField
          label="Role"
          hint={role === DEFAULT_ACCESS && excludesDefaultAccess ? "Who has only Default Access is not provisioned to this application." : undefined}
        >
          <Select value={role} onChange={(_, { value }) => setRole(value)}>
            {roles.map(({ id, name }) => <option key={id} value={id}>{name}</option>)}
          </Select>
        </FormField>
        <SearchField label="Search users and groups" value={search} onSearch={onSearch} />
        <ErrorBar error={found.error ?? assigning.error} />
        {found.isPending && <Spinner size="small" label="Searching" />}
        <div role="group" aria-label="Users and groups found" className={styles.found}>
          {found.data?.map((candidate) => (
            <Checkbox
              key={candidate.id}
              checked={chosen.some(({ id }) => id === candidate.id)}
              onChange={() => toggle(candidate)}
              label={<>{candidate.name} <Text size={200} className={styles.type}>{candidate.detail ?? ""} {candidate.type === "Group" ? "(group)" : ""}</Text></>}
            />
          ))}
          {found.data?.length === 0 && <Text role="status">{search ? `Nobody is found by "${search}".` : "The directory is empty."}</Text>}
        </div>
      </DrawerBody>
      <DrawerFooter style={{ flexDirection: "column", alignItems: "stretch" }}>
        {chosen.length > 0 && (
          <TagGroup aria-label="Chosen" className={styles.chosen} onDismiss={(_, { value }) => setChosen((now) => now.filter(({ id }) => id !== value))}>
            {chosen.map(({ id, name }) => (
              <Tag key={id} value={id} size="small" dismissible dismissIcon={{ "aria-label": "remove" }}>{name}</Tag>
            ))}
          </TagGroup>
        )}
        <div className={styles.row}>
          <Button appearance="primary" disabledFocusable={chosen.length === 0 || assigning.isPending} onClick={() => chosen.length > 0 && assigning.mutate()}>
            {chosen.length > 1 ? `Assign ${count(chosen.length)}` : "Assign"}
          </Button>
          <Button onClick={onClosed}>Cancel</Button>
        </div>
      </DrawerFooter>
    </OverlayDrawer>
  );
}
