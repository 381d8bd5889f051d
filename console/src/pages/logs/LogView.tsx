import { makeStyles, MenuItemLink, MenuList, tokens, ToolbarButton } from "@fluentui/react-components";
import { ArrowClockwise20Regular, ArrowDownload20Regular } from "@fluentui/react-icons";
import { useInfiniteQuery } from "@tanstack/react-query";

import { type Entry, fileAddress, type LogFilters, logQuery } from "../../api/log";
import { CommandBar } from "../../parts/CommandBar";
import { type Column, DataTable } from "../../parts/DataTable";
import { InlineMenu } from "../../parts/InlineMenu";
import { When } from "../../parts/When";
import { EntryDrawer } from "./EntryDrawer";
import { LogFilterBar } from "./LogFilterBar";
import { emptyWords } from "./outcome";
import type { LogSearch } from "./search";
import { Status } from "./Status";
import { nameOf, word } from "./words";

const useStyles = makeStyles({
  commands: { paddingInline: tokens.spacingHorizontalXXL, "@media (max-width: 720px)": { paddingInline: tokens.spacingHorizontalM } },
});

const COLUMNS: Column<Entry>[] = [
  { name: "Date", share: 2, cell: (entry) => <When exact time={entry.activityDateTime} /> },
  { name: "Identity", share: 3, cell: nameOf },
  { name: "Action", share: 1.5, wideOnly: true, cell: (entry) => word(entry.provisioningAction) },
  { name: "Application", share: 2, wideOnly: true, cell: (entry) => entry.servicePrincipal?.displayName },
  { name: "Status", share: 1.5, cell: (entry) => <Status of={entry.provisioningStatusInfo?.status} /> },
  { name: "Reason", share: 4, wideOnly: true, cell: (entry) => entry.provisioningStatusInfo?.errorInformation?.reason },
];

interface Props {
  search: LogSearch;
  /** What the page is about; the whole directory where it is about nothing. */
  of?: { application?: string; source?: string };
  onChange: (change: Partial<LogSearch>) => void;
}

/** The provisioning log: filters, entries, and the details of one. */
export function LogView({ search, of = {}, onChange }: Props) {
  const styles = useStyles();
  const { entry: opened, ...chosen } = search;
  const filters: LogFilters = { ...chosen, range: chosen.range ?? (of.source ? "all" : undefined), ...of };
  const entries = useInfiniteQuery(logQuery(filters));
  const columns = of.application ? COLUMNS.filter(({ name }) => name !== "Application") : of.source ? COLUMNS.filter(({ name }) => name !== "Identity") : COLUMNS;
  return (
    <>
      <div className={styles.commands}>
        <CommandBar>
          <ToolbarButton icon={<ArrowClockwise20Regular />} onClick={() => void entries.refetch()}>Refresh</ToolbarButton>
          <InlineMenu trigger={<ToolbarButton icon={<ArrowDownload20Regular />}>Download</ToolbarButton>}>
            <MenuList><FileLink format="csv" filters={filters} /><FileLink format="json" filters={filters} /></MenuList>
          </InlineMenu>
        </CommandBar>
      </div>
      <LogFilterBar search={chosen} of={of} onChange={onChange} />
      <DataTable
        label="Provisioning logs"
        rows={entries}
        columns={columns}
        idOf={({ id }) => id}
        onOpen={({ id }) => onChange({ entry: id })}
        empty={emptyWords(chosen)}
      />
      <EntryDrawer
        id={opened}
        known={entries.data?.pages.flatMap(({ value }) => value).find(({ id }) => id === opened)}
        onClose={() => onChange({ entry: undefined })}
      />
    </>
  );
}

/** Drawn when the menu opens: what is of the last 24 hours is then of those. */
function FileLink({ filters, format }: { filters: LogFilters; format: "csv" | "json" }) {
  return <MenuItemLink href={fileAddress(filters, format, new Date())} download>{`Download ${format.toUpperCase()}`}</MenuItemLink>;
}
