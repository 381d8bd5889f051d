import { makeStyles, Text, ToggleButton, tokens } from "@fluentui/react-components";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useCallback, useId, useState } from "react";

import type { Cycle, PlannedChange } from "../../../api/plans";
import { type Column, DataTable } from "../../../parts/DataTable";
import { count } from "../../../parts/format";
import { SearchField } from "../../../parts/SearchField";
import { word } from "../../logs/words";
import { ChangeDrawer } from "./ChangeDrawer";
import { actionOf, chosen, counted, differences, nameOf } from "./changes";
import { Verdict } from "./Verdict";

const useStyles = makeStyles({
  bar: { display: "flex", flexWrap: "wrap", gap: tokens.spacingHorizontalS, padding: `0 ${tokens.spacingHorizontalXXL} ${tokens.spacingVerticalM}`, "@media (max-width: 720px)": { paddingInline: tokens.spacingHorizontalM } },
});

interface Row {
  id: string;
  change: PlannedChange;
}

const COLUMNS: Column<Row>[] = [
  { name: "Identity", share: 3, cell: ({ change }) => nameOf(change) },
  { name: "Type", wideOnly: true, cell: ({ change }) => change.source.identityType || change.target.identityType },
  { name: "Action", share: 1.5, cell: ({ change }) => word(change.action) },
  { name: "Status", share: 1.5, wideOnly: true, cell: ({ change }) => <Verdict of={change.status} /> },
  {
    name: "What",
    share: 5,
    wideOnly: true,
    cell: ({ change }) => change.error?.reason ?? differences(change).map(({ name, after }) => `${name}: ${after ?? "none"}`).join(", "),
  },
];

/** A plan: how many of what, and each object with what would change of it. */
export function Planned({ plan }: { plan: Cycle }) {
  const styles = useStyles();
  const id = useId();
  const changes = plan.changes ?? [];
  const [action, setAction] = useState<string>();
  const [search, setSearch] = useState("");
  const [opened, setOpened] = useState<PlannedChange>();
  const rows = useInfiniteQuery({
    queryKey: ["jobs", "planned", id],
    queryFn: () => ({ value: changes.map((change, number): Row => ({ id: String(number), change })) }),
    initialPageParam: "",
    getNextPageParam: () => undefined,
    gcTime: 0,
    select: useCallback(
      (data: { pages: { value: Row[] }[]; pageParams: string[] }) => ({
        ...data,
        pages: data.pages.map(({ value }) => {
          const kept = new Set(chosen(value.map(({ change }) => change), action, search));
          return { value: value.filter(({ change }) => kept.has(change)) };
        }),
      }),
      [action, search],
    ),
  });
  const counts = counted(changes);
  return (
    <>
      <div className={styles.bar} role="group" aria-label="Actions">
        {counts.length === 0
          ? <Text>{plan.unchanged > 0 ? `Nothing would change: ${count(plan.unchanged)} objects are in line.` : "Nothing would change."}</Text>
          : counts.map(([name, number]) => (
              <ToggleButton key={name} size="small" checked={action === name} onClick={() => setAction(action === name ? undefined : name)}>
                {`${word(name)}: ${count(number)}`}
              </ToggleButton>
            ))}
        {plan.unchanged > 0 && counts.length > 0 && <Text style={{ alignSelf: "center" }}>{`${count(plan.unchanged)} unchanged`}</Text>}
        {changes.length > 10 && <SearchField label="Search the plan" value={search} onSearch={setSearch} />}
      </div>
      {changes.length > 0 && (
        <DataTable
          label="Planned changes"
          rows={rows}
          columns={COLUMNS}
          idOf={({ id: row }) => row}
          onOpen={({ change }) => setOpened(change)}
          empty={action ? `No ${word(action)} is found by this.` : "Nothing is found by this."}
        />
      )}
      <ChangeDrawer change={opened} title={opened && `${word(actionOf(opened))}: ${nameOf(opened)}`} onClose={() => setOpened(undefined)} />
    </>
  );
}
