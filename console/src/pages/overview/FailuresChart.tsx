import { makeStyles, Text, tokens } from "@fluentui/react-components";
import { Link } from "@tanstack/react-router";

import type { Failures } from "../../api/jobs";
import { BarChart } from "../../parts/Chart";
import { count } from "../../parts/format";
import { searchOfHour } from "../logs/outcome";
import { barsOf } from "./summary";

const useStyles = makeStyles({
  chart: { maxWidth: "640px" },
  axis: { display: "flex", justifyContent: "space-between", color: tokens.colorNeutralForeground2 },
});

/** The failures of the last day, by the hour. */
export function FailuresChart({ failures }: { failures: Failures[] }) {
  const styles = useStyles();
  const all = failures.reduce((sum, { count }) => sum + count, 0);
  const bars = barsOf(failures);
  if (all === 0) return <Text>None.</Text>;
  return (
    <div className={styles.chart}>
      <Text>{`${count(all)} in all`}</Text>
      <BarChart
        label="Failures by the hour"
        values={bars}
        around={(bar, { name, value }, index) => (
          <Link to="/provisioning-logs" search={searchOfHour(failures[index]!.hour)} aria-label={`${name}: ${count(value)}, provisioning logs`}>{bar}</Link>
        )}
      />
      <div className={styles.axis} aria-hidden>
        {[0, 6, 12, 18].map((index) => <Text key={index} size={200}>{bars[index]?.name}</Text>)}
        <Text size={200}>now</Text>
      </div>
    </div>
  );
}
