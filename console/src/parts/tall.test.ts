import { expect, test } from "vitest";

import { drawn, heightOf, paceOf, scrolledFor, type Tall } from "./tall";

const list = (rows: number): Tall => ({ rows, row: 44, view: 44 + 440 });
/** Rows that are wholly in sight. */
function seen(tall: Tall, scrolled: number): number[] {
  const { first, end, shift } = drawn(tall, scrolled);
  const places = Array.from({ length: end - first }, (_, n) => first + n);
  // Below the head, which is as high as a row and stays at the top.
  return places.filter((n) => n * 44 - shift >= scrolled - 0.001 && (n + 1) * 44 - shift <= scrolled + 440 + 0.001);
}

test("a list that a browser can hold is scrolled as it is", () => {
  expect(paceOf(list(300_000))).toBe(1);
  expect(heightOf(list(300_000))).toBe(13_200_000);
  expect(seen(list(300_000), 4400)).toEqual([100, 101, 102, 103, 104, 105, 106, 107, 108, 109]);
  expect(drawn(list(0), 0)).toEqual({ first: 0, end: 0, shift: 0 });
});

test.each([5, 10, 11, 300_000, 1_000_000, 50_000_000])("of %i rows each is seen where it was gone to", (rows) => {
  const tall = list(rows);
  for (const index of [0, 1, Math.floor(rows / 3), rows - 2, rows - 1]) {
    for (const from of [0, heightOf(tall) / 2]) {
      const scrolled = scrolledFor(tall, from, index);
      expect(scrolled).toBeLessThanOrEqual(Math.max(from, heightOf(tall) - 440) + 0.001);
      if (rows > 10) expect(seen(tall, scrolled)).toContain(index);
    }
  }
});

test("the first and the last row are at the ends of the scroll bar", () => {
  for (const rows of [100, 1_000_000]) {
    const tall = list(rows);
    expect(seen(tall, 0)[0]).toBe(0);
    expect(seen(tall, heightOf(tall) - 440).at(-1)).toBe(rows - 1);
  }
});

test("few rows are drawn however many there are", () => {
  const { first, end } = drawn(list(1_000_000), 8_000_000);
  expect(end - first).toBeLessThan(40);
});
