import { makeStyles, tokens } from "@fluentui/react-components";
import { Fragment, type ReactNode } from "react";

import { count } from "./format";

const useStyles = makeStyles({
  bar: { fill: tokens.colorBrandBackground },
  /** As high as the chart, so that a low bar is met as well. */
  column: { fill: "transparent" },
  leads: {
    "& a": { outlineStyle: "none" },
    "& a:hover rect:first-child": { fill: tokens.colorNeutralBackground1Hover },
    "& a:focus-visible rect:first-child": { stroke: tokens.colorStrokeFocus2, strokeWidth: "2px" },
  },
  axis: { stroke: tokens.colorNeutralStroke1 },
  hidden: { position: "absolute", width: "1px", height: "1px", overflow: "hidden", clipPath: "inset(50%)" },
});

const WIDTH = 480;
const HEIGHT = 120;

/** What a bar stands for. */
export interface Bar {
  name: string;
  value: number;
}

interface Props {
  label: string;
  values: Bar[];
  /** Puts a link around a bar. One for 0 leads nowhere. */
  around: (bar: ReactNode, value: Bar, index: number) => ReactNode;
}

/** Bars, one for each value, each leading to what it stands for; a screen reader gets a table beside the picture. */
export function BarChart({ label, values, around }: Props) {
  const styles = useStyles();
  const highest = Math.max(1, ...values.map(({ value }) => value));
  const step = WIDTH / Math.max(1, values.length);
  return (
    <figure style={{ margin: 0 }}>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width="100%" role="group" aria-label={label} className={styles.leads}>
        {values.map((value, index) => {
          if (value.value === 0) return null;
          const height = (value.value / highest) * (HEIGHT - 4);
          const [x, width] = [index * step + 1, step - 2];
          const bar = (
            <>
              <rect className={styles.column} x={x} y={1} width={width} height={HEIGHT - 2} />
              <rect className={styles.bar} x={x} y={HEIGHT - 1 - height} width={width} height={height} />
              <title>{`${value.name}: ${count(value.value)}`}</title>
            </>
          );
          return <Fragment key={value.name}>{around(bar, value, index)}</Fragment>;
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
