import { makeStyles, Spinner, Text, tokens } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { type ObjectName, sampleQuery, type Schema, type ScopeSample } from "../../../api/mappings";
import { ErrorBar } from "../../../parts/ErrorBar";
import { count } from "../../../parts/format";
import { useSettled } from "../../../parts/settled";
import { useJobOf } from "./use";

const useStyles = makeStyles({
  sides: { display: "grid", gridTemplateColumns: "repeat(auto-fit, minmax(min(100%, 300px), 1fr))", gap: tokens.spacingHorizontalXXL },
  side: { display: "grid", alignContent: "start", gap: tokens.spacingVerticalXS },
  list: { margin: 0, paddingInlineStart: tokens.spacingHorizontalXL, display: "grid", gap: tokens.spacingVerticalXS },
  reason: { display: "block", color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
  stale: { opacity: 0.6 },
});

/** Who of the directory passes the filters as they stand on the page. */
export function Sample({ object, schema }: { object: ObjectName; schema: Schema }) {
  const styles = useStyles();
  const settled = useSettled(schema, 500);
  const sample = useQuery({ ...sampleQuery(useJobOf(), object, settled), placeholderData: (before) => before });
  const { data } = sample;
  if (!data) return sample.isError ? <ErrorBar error={sample.error} /> : <Spinner label="Trying the filters" style={{ justifySelf: "start" }} />;
  const all = object === "User" ? "users" : "groups";
  return (
    <>
      <ErrorBar error={sample.error} />
      <Text role="status">
        {data.looked < data.all
          ? `Of the first ${count(data.looked)} of ${count(data.all)} ${all}, ${count(data.passing.count)} pass.`
          : `Of ${count(data.looked)} ${all}, ${count(data.passing.count)} pass.`}
        {" "}Whether they are assigned to the application is not looked at here.
      </Text>
      <div className={sample.isPlaceholderData ? styles.stale : undefined}>
        <div className={styles.sides}>
          <Side title={`${count(data.passing.count)} pass`} of={data.passing} object={object} />
          <Side title={`${count(data.failing.count)} do not`} of={data.failing} object={object} />
        </div>
      </div>
    </>
  );
}

function Side({ title, of, object }: { title: string; of: ScopeSample["passing"]; object: ObjectName }) {
  const styles = useStyles();
  const more = of.count - of.first.length;
  return (
    <div className={styles.side}>
      <Text weight="semibold" as="h3">{title}</Text>
      {of.first.length > 0 && (
        <ul className={styles.list}>
          {of.first.map(({ id, displayName, reason }) => (
            <li key={id}>
              {object === "User" ? <Link to="/users/$id" params={{ id }}>{displayName ?? id}</Link> : displayName ?? id}
              {reason && <span className={styles.reason}>{reason}</span>}
            </li>
          ))}
        </ul>
      )}
      {more > 0 && <Text size={200}>{`and ${count(more)} more`}</Text>}
    </div>
  );
}
