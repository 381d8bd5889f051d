import { makeStyles, tokens } from "@fluentui/react-components";
import { Link } from "@tanstack/react-router";

import { count } from "../../parts/format";
import type { LogSearch } from "./search";

const useStyles = makeStyles({ link: { color: tokens.colorBrandForegroundLink } });

interface Props {
  number: number;
  /** What is counted, behind the number: `failed`. */
  what: string;
  search: LogSearch;
  /** The application in whose log the entries are; in that of the directory where there is none. */
  application?: string;
}

/** How many entries of a log there are, as a link to them; 0 leads nowhere. */
export function CountLink({ number, what, search, application }: Props) {
  const styles = useStyles();
  if (number === 0) return <>0</>;
  const shown = { className: styles.link, search, "aria-label": `${count(number)} ${what}: provisioning logs`, children: count(number) };
  return application === undefined ? <Link to="/provisioning-logs" {...shown} /> : <Link to="/applications/$id/provisioning-logs" params={{ id: application }} {...shown} />;
}
