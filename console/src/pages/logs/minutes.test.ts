import { afterEach, expect, test } from "vitest";

import { localOf, utcOf } from "./minutes";

const zone = process.env.TZ;
afterEach(() => void (process.env.TZ = zone));

test.each(["UTC", "America/New_York", "Asia/Kolkata"])("a minute comes back as it was: %s", (tz) => {
  process.env.TZ = tz;
  for (const utc of ["2026-11-29T08:16", "2026-07-01T23:59"]) expect(utcOf(localOf(utc))).toBe(utc);
});

test("a field has the reader's own time, and nothing where there is none", () => {
  process.env.TZ = "Asia/Kolkata";
  expect(localOf("2026-11-29T08:00")).toBe("2026-11-29T13:30");
  expect(localOf(undefined)).toBe("");
  expect(utcOf("")).toBeUndefined();
});
