import { expect, test } from "vitest";

import { ago, count, duration, counted, moment } from "./format";

test("numbers have separators", () => expect(count(100_000)).toBe("100,000"));

test("a time is told in the largest unit that fits", () => {
  const now = new Date("2026-03-01T12:00:00Z");
  const told = (time: string) => ago(new Date(time), now);
  expect(told("2026-03-01T11:59:40Z")).toBe("just now");
  expect(told("2026-03-01T11:58:30Z")).toBe("1 minute ago");
  expect(told("2026-02-28T12:00:00Z")).toBe("yesterday");
  expect(told("2026-03-01T14:00:00Z")).toBe("in 2 hours");
});

test("a duration has its two largest units", () => {
  expect([40_000, 125_000, 7_500_000].map(duration)).toEqual(["40 s", "2 min 5 s", "2 h 5 min"]);
});

test("a moment has its year where that is another one", () => {
  const time = new Date(2026, 10, 29, 8, 16, 19).toISOString();
  expect(moment(time, new Date(2026, 0, 1))).toBe("29 Nov, 08:16:19");
  expect(moment(time, new Date(2027, 0, 1))).toBe("29 Nov 2026, 08:16:19");
});

test("things are counted in words", () => {
  expect([counted(1, "group"), counted(2000, "user")]).toEqual(["1 group", "2,000 users"]);
});
