import { makeStyles, tokens } from "@fluentui/react-components";
import { Link } from "@tanstack/react-router";

import type { Job } from "../../api/jobs";

const useStyles = makeStyles({ link: { color: tokens.colorBrandForegroundLink, fontWeight: tokens.fontWeightSemibold } });

/** The name of a job's application; a link for whoever may read its pages. */
export function ApplicationLink({ job, opens }: { job: Pick<Job, "servicePrincipalId" | "servicePrincipalDisplayName">; opens: boolean }) {
  const styles = useStyles();
  if (!opens) return <>{job.servicePrincipalDisplayName}</>;
  return <Link to="/applications/$id" params={{ id: job.servicePrincipalId }} className={styles.link}>{job.servicePrincipalDisplayName}</Link>;
}
