/**
 * The geometry of rows of one height below a head that stays in sight. There may be more rows than browsers let an element
 * be high: the list then moves faster than it is scrolled.
 */
export interface Tall {
  rows: number;
  /** Of a row, and of the head. */
  row: number;
  /** Of what is seen of the list, with the head. */
  view: number;
}

/** Higher than this is no element; Firefox ends first, below 18 million pixels. */
const TALLEST = 16_000_000;
/** Rows beyond those that are seen, above and below. */
const BESIDE = 12;

/** How high the rows are as an element. */
export function heightOf({ rows, row }: Tall): number {
  return Math.min(rows * row, TALLEST);
}

/** How far the list moves with a pixel of scrolling. */
export function paceOf(tall: Tall): number {
  const [real, shown] = [tall.rows * tall.row, heightOf(tall)];
  const seen = tall.view - tall.row;
  return real > shown ? (real - seen) / (shown - seen) : 1;
}

/** What is drawn where the list was scrolled to: the first row, the one after the last, and how far above their places all are. */
export function drawn(tall: Tall, scrolled: number): { first: number; end: number; shift: number } {
  const offset = scrolled * paceOf(tall);
  return {
    first: Math.max(0, Math.floor(offset / tall.row) - BESIDE),
    end: Math.min(tall.rows, Math.ceil((offset + tall.view - tall.row) / tall.row) + BESIDE),
    shift: offset - scrolled,
  };
}

/** Where to scroll to so that a row is seen, as near as may be. */
export function scrolledFor(tall: Tall, scrolled: number, index: number): number {
  const pace = paceOf(tall);
  const offset = scrolled * pace;
  const [highest, lowest] = [index * tall.row, (index + 2) * tall.row - tall.view];
  return (offset > highest ? highest : offset < lowest ? lowest : offset) / pace;
}
