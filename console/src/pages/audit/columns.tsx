import type { DirectoryAudit } from "../../api/audits";
import type { Column } from "../../parts/DataTable";
import { When } from "../../parts/When";
import { targetOf, whoOf } from "./entry";

/** The columns of an audit log. */
export const COLUMNS: Column<DirectoryAudit>[] = [
  { name: "Date", share: 1.5, cell: (entry) => <When exact time={entry.activityDateTime} /> },
  { name: "Activity", share: 3, cell: (entry) => entry.activityDisplayName },
  { name: "Target", share: 2, wideOnly: true, cell: (entry) => targetOf(entry).name },
  { name: "Initiated by (actor)", share: 1.5, wideOnly: true, cell: whoOf },
];
