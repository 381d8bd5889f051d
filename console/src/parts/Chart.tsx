import { makeStyles, tokens } from "@fluentui/react-components";

import { count } from "./format";

const useStyles = makeStyles({
  bar: { fill: tokens.colorBrandBackground },
  axis: { stroke: tokens.colorNeutralStroke1 },
  hidden: { position: "absolute", width: "1px", height: "1px", overflow: "hidden", clipPath: "inset(50%)" },
});

const WIDTH = 480;
const HEIGHT = 120;

/** Bars, one for each value; a screen reader gets a table in place of the picture. */
export function BarChart({ label, values }: { label: string; values: { name: string; value: number }[] }) {
  const styles = useStyles();
  const highest = Math.max(1, ...values.map(({ value }) => value));
  const step = WIDTH / Math.max(1, values.length);
  return (
    <figure style={{ margin: 0 }}>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width="100%" aria-hidden>
        {values.map(({ name, value }, index) => {
          const height = (value / highest) * (HEIGHT - 4);
          return (
            <rect key={name} className={styles.bar} x={index * step + 1} y={HEIGHT - 1 - height} width={step - 2} height={height}>
              <title>{`${name}: ${count(value)}`}</title>
            </rect>
          );
        })}
        <line className={styles.axis} x1={0} x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} />
      </svg>
      <table className={styles.hidden}>
        <caption>{label}</caption>
        <tbody>
          {values.map(({ name, value }) => <tr key={name}><th scope="row">{name}</th><td>{count(value)}</td></tr>)}
        </tbody>
      </table>
    </figure>
  );
}
