import { makeStyles, ToolbarButton, tokens } from "@fluentui/react-components";
import { Add20Regular } from "@fluentui/react-icons";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";

import { type Application, applicationsQuery } from "../../api/applications";
import { jobsQuery } from "../../api/jobs";
import { may, sessionQuery } from "../../api/session";
import { type Column, DataTable } from "../../parts/DataTable";
import { PageHeader } from "../../parts/PageHeader";
import { SearchField } from "../../parts/SearchField";
import { When } from "../../parts/When";
import { HealthBadge } from "./HealthBadge";

const useStyles = makeStyles({
  filters: {
    padding: `${tokens.spacingVerticalS} ${tokens.spacingHorizontalXXL} ${tokens.spacingVerticalM}`,
    "@media (max-width: 720px)": { paddingInline: tokens.spacingHorizontalM },
  },
});

/** The applications that users are provisioned to, with how that goes. */
export function ApplicationsPage() {
  const styles = useStyles();
  const { search = "" } = useSearch({ from: "/shell/applications" });
  const navigate = useNavigate({ from: "/applications" });
  const { data: session } = useQuery(sessionQuery);
  const applications = useInfiniteQuery(applicationsQuery(search));
  const jobs = useQuery(jobsQuery);
  const onSearch = useCallback(
    (text: string) => void navigate({ search: { search: text || undefined }, replace: true }),
    [navigate],
  );
  const columns = useMemo((): Column<Application>[] => {
    const jobOf = new Map(jobs.data?.map((job) => [job.servicePrincipalId, job]));
    return [
      { name: "Name", share: 3, cell: (application) => application.displayName ?? application.id, to: ({ id }) => `/applications/${id}` },
      { name: "Provisioning", share: 2, cell: ({ id }) => jobs.data && <HealthBadge job={jobOf.get(id)} /> },
      { name: "Last cycle", share: 2, wideOnly: true, cell: ({ id }) => <When time={jobOf.get(id)?.lastCycle?.started} /> },
      { name: "Application ID", share: 3, wideOnly: true, cell: (application) => application.appId },
    ];
  }, [jobs.data]);
  const writable = session && may(session, "write", "applications");
  return (
    <>
      <PageHeader
        title="Enterprise applications"
        commands={
          writable && <ToolbarButton icon={<Add20Regular />} onClick={() => void navigate({ to: "/applications/new" })}>New application</ToolbarButton>
        }
      />
      <div className={styles.filters}><SearchField label="Search applications" value={search} onSearch={onSearch} /></div>
      <DataTable
        label="Enterprise applications"
        rows={applications}
        columns={columns}
        idOf={({ id }) => id}
        onOpen={({ id }) => void navigate({ to: "/applications/$id", params: { id } })}
        empty={search ? `No application is found by "${search}".` : "There are no applications yet: New application adds one from the gallery."}
      />
    </>
  );
}
