import { makeStyles, tokens } from "@fluentui/react-components";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";

import { type Application, applicationsQuery } from "../../api/applications";
import { type Column, DataTable } from "../../parts/DataTable";
import { PageHeader } from "../../parts/PageHeader";
import { SearchField } from "../../parts/SearchField";

const useStyles = makeStyles({
  filters: {
    padding: `${tokens.spacingVerticalS} ${tokens.spacingHorizontalXXL} ${tokens.spacingVerticalM}`,
    "@media (max-width: 720px)": { paddingInline: tokens.spacingHorizontalM },
  },
});

const COLUMNS: Column<Application>[] = [
  { name: "Name", share: 2, cell: (application) => application.displayName },
  { name: "Application ID", share: 2, wideOnly: true, cell: (application) => application.appId },
];

/** The applications that users are provisioned to. */
export function ApplicationsPage() {
  const styles = useStyles();
  const { search = "" } = useSearch({ from: "/shell/applications" });
  const navigate = useNavigate({ from: "/applications" });
  const applications = useInfiniteQuery(applicationsQuery(search));
  const onSearch = useCallback(
    (text: string) => void navigate({ search: { search: text || undefined }, replace: true }),
    [navigate],
  );
  return (
    <>
      <PageHeader title="Enterprise applications" />
      <div className={styles.filters}><SearchField label="Search applications" value={search} onSearch={onSearch} /></div>
      <DataTable
        label="Enterprise applications"
        rows={applications}
        columns={COLUMNS}
        idOf={({ id }) => id}
        onOpen={({ id }) => void navigate({ to: "/applications/$id", params: { id } })}
        empty={search ? `No application is found by "${search}".` : "There are no applications yet."}
      />
    </>
  );
}
