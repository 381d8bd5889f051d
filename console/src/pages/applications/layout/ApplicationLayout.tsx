import { makeStyles, mergeClasses, Text, tokens } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useLocation, useParams } from "@tanstack/react-router";

import { applicationQuery } from "../../../api/applications";
import { jobQuery } from "../../../api/jobs";
import { PageBody } from "../../../parts/PageBody";
import { PageHeader } from "../../../parts/PageHeader";
import { together } from "../../../parts/together";
import { UnreadPage } from "../../../parts/Unread";
import { type Opened, OpenedContext } from "./application";
import { QuarantineBanner } from "./QuarantineBanner";
import { SECTIONS } from "./sections";

const useStyles = makeStyles({
  body: { flexGrow: 1, minHeight: 0, display: "flex", "@media (max-width: 1000px)": { flexDirection: "column" } },
  navigation: {
    flexShrink: 0,
    width: "184px",
    display: "flex",
    flexDirection: "column",
    gap: tokens.spacingVerticalXXS,
    padding: `${tokens.spacingVerticalM} ${tokens.spacingHorizontalS} ${tokens.spacingVerticalM} ${tokens.spacingHorizontalM}`,
    "@media (max-width: 1000px)": { width: "auto", flexDirection: "row", overflowX: "auto", paddingBlock: tokens.spacingVerticalS },
  },
  link: {
    flexShrink: 0,
    padding: `${tokens.spacingVerticalSNudge} ${tokens.spacingHorizontalM}`,
    borderRadius: tokens.borderRadiusMedium,
    color: tokens.colorNeutralForeground1,
    textDecorationLine: "none",
    whiteSpace: "nowrap",
    ":hover": { backgroundColor: tokens.colorNeutralBackground1Hover },
    ":focus-visible": { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: "-2px" },
  },
  active: { backgroundColor: tokens.colorNeutralBackground1Selected, fontWeight: tokens.fontWeightSemibold },
  page: { flexGrow: 1, minWidth: 0, minHeight: 0, display: "flex", flexDirection: "column" },
});

const ABOVE = [{ label: "Enterprise applications", to: "/applications" }];

/** An application's name, the navigation among its pages, and the one that is open: a `PageBody`, or a `CommandBar` and a list. */
export function ApplicationLayout() {
  const { id } = useParams({ from: "/shell/applications/$id" });
  const application = useQuery(applicationQuery(id));
  const job = useQuery(jobQuery(id));
  if (!application.data || job.data === undefined) return <UnreadPage title="Application" above={ABOVE} of={together(application, job)} what="the application" />;
  return <Loaded key={id} application={application.data} job={job.data} />;
}

function Loaded({ application, job }: Opened) {
  const styles = useStyles();
  const { id, displayName } = application;
  const base = `/applications/${id}`;
  const { pathname } = useLocation();
  const sections = SECTIONS.filter(({ withoutJob }) => withoutJob || job);
  const [segment] = pathname.slice(pathname.indexOf(base) + base.length + 1).split("/");
  const current = SECTIONS.find(({ path }) => path && path === segment);
  const name = displayName ?? id;
  return (
    <OpenedContext value={{ application, job }}>
      <PageHeader title={current ? `${name} | ${current.label}` : name} above={ABOVE} />
      {job?.quarantine && <QuarantineBanner job={job} quarantine={job.quarantine} />}
      <div className={styles.body}>
        <nav className={styles.navigation} aria-label="Pages of the application">
          {sections.map(({ label, path }) => (
            <Link
              key={path}
              to={path ? `${base}/${path}` : base}
              activeOptions={{ exact: path === "", includeSearch: false }}
              className={styles.link}
              activeProps={{ className: mergeClasses(styles.link, styles.active) }}
            >
              {label}
            </Link>
          ))}
        </nav>
        <div className={styles.page}>
          {!current || sections.includes(current) ? <Outlet /> : <PageBody><Text>Provisioning to this application is not set up yet.</Text></PageBody>}
        </div>
      </div>
    </OpenedContext>
  );
}
