import { Button, Field, Input, makeStyles, Select, tokens } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { useCallback } from "react";

import { applicationNamesQuery } from "../../api/applications";
import { ACTIONS, STATUSES } from "../../api/log";
import { may, sessionQuery } from "../../api/session";
import { SearchField } from "../../parts/SearchField";
import type { LogSearch } from "./search";
import { localOf, utcOf } from "./minutes";
import { word } from "./words";

const useStyles = makeStyles({
  filters: {
    display: "flex",
    flexWrap: "wrap",
    alignItems: "end",
    gap: tokens.spacingHorizontalM,
    padding: `${tokens.spacingVerticalS} ${tokens.spacingHorizontalXXL} ${tokens.spacingVerticalM}`,
    "@media (max-width: 720px)": { paddingInline: tokens.spacingHorizontalM },
  },
  narrow: { minWidth: "120px" },
});

const RANGE_LABELS: [NonNullable<LogSearch["range"]>, string][] = [
  ["1d", "Last 24 hours"], ["7d", "Last 7 days"], ["30d", "Last month"], ["all", "All time"], ["custom", "Custom"],
];

interface Props {
  search: LogSearch;
  /** What the page is about already. */
  of: { application?: string; source?: string };
  onChange: (change: Partial<LogSearch>) => void;
}

/** What entries are looked for. */
export function LogFilterBar({ search, of, onChange }: Props) {
  const styles = useStyles();
  const onIdentity = useCallback((text: string) => onChange({ identity: text || undefined }), [onChange]);
  const range = search.range ?? (of.source ? "all" : "1d");
  const narrowed = Object.entries(search).some(([name, value]) => value && name !== "entry");
  return (
    <div className={styles.filters} role="search" aria-label="Filters">
      {!of.source && <Field label="Identity"><SearchField label="Name or ID" value={search.identity ?? ""} onSearch={onIdentity} /></Field>}
      <Field label="Date" className={styles.narrow}>
        <Select value={range} onChange={(_, { value }) => onChange({ range: value as LogSearch["range"], from: undefined, to: undefined })}>
          {RANGE_LABELS.map(([value, label]) => <option key={value} value={value}>{label}</option>)}
        </Select>
      </Field>
      {range === "custom" && (
        <>
          <Field label="From"><Input type="datetime-local" value={localOf(search.from)} onChange={(_, { value }) => onChange({ from: utcOf(value) })} /></Field>
          <Field label="To"><Input type="datetime-local" value={localOf(search.to)} onChange={(_, { value }) => onChange({ to: utcOf(value) })} /></Field>
        </>
      )}
      <Field label="Status" className={styles.narrow}>
        <Select value={search.status ?? ""} onChange={(_, { value }) => onChange({ status: STATUSES.find((it) => it === value) })}>
          <option value="">All</option>
          {STATUSES.map((value) => <option key={value} value={value}>{word(value)}</option>)}
        </Select>
      </Field>
      <Field label="Action" className={styles.narrow}>
        <Select value={search.action ?? ""} onChange={(_, { value }) => onChange({ action: ACTIONS.find((it) => it === value) })}>
          <option value="">All</option>
          {ACTIONS.map((value) => <option key={value} value={value}>{word(value)}</option>)}
        </Select>
      </Field>
      {!of.application && <ApplicationFilter chosen={search.application} onChoose={(application) => onChange({ application })} />}
      {search.cycle && <Field label="Cycle"><Button onClick={() => onChange({ cycle: undefined })}>{`${search.cycle.slice(0, 8)}… ✕`}</Button></Field>}
      {narrowed && (
        <Button
          appearance="subtle"
          onClick={() => onChange({ application: undefined, status: undefined, action: undefined, range: undefined, from: undefined, to: undefined, identity: undefined, cycle: undefined })}
        >
          Reset filters
        </Button>
      )}
    </div>
  );
}

/** The application, for those who may see which there are. */
function ApplicationFilter({ chosen, onChoose }: { chosen?: string; onChoose: (id: string | undefined) => void }) {
  const { data: session } = useQuery(sessionQuery);
  const applications = useQuery({ ...applicationNamesQuery, enabled: Boolean(session && may(session, "read", "applications")) });
  if (!applications.data) return null;
  return (
    <Field label="Application">
      <Select value={chosen ?? ""} onChange={(_, { value }) => onChoose(value || undefined)}>
        <option value="">All</option>
        {applications.data.map(({ id, displayName }) => <option key={id} value={id}>{displayName}</option>)}
      </Select>
    </Field>
  );
}
