import { expect, test } from "vitest";

import { changesOf, isChanged, minutesOf, problemsOf, type Settings, settingsOf } from "./settings";

const saved: Settings = { ...settingsOf(null), automatic: true, tenantUrl: "https://a.example/scim" };

test("an interval is told in minutes", () => {
  expect(["PT40M", "PT1H", "PT1H30M", "PT90S", "P1M"].map(minutesOf)).toEqual([40, 60, 90, 1.5, undefined]);
});

test("only what differs is saved, and a token only where one was typed", () => {
  expect(isChanged(saved, saved)).toBe(false);
  const now: Settings = { ...saved, secretToken: "sesame", notify: true, mail: " it@a.example ", threshold: "5", minutes: "90", on: true };
  expect(changesOf(saved, now)).toEqual({
    credentials: { secretToken: "sesame" },
    settings: { notificationMail: "it@a.example", notify: true, interval: "PT5400S", guards: { removals: { number: 5 } } },
    on: true,
  });
  expect(changesOf({ ...now, on: true }, { ...now, secretToken: "", notify: false, threshold: "" }).settings).toEqual({
    notificationMail: "it@a.example",
    notify: false,
    guards: { removals: { number: null } },
  });
});

test("whoever gets no mail any more stays known, until the address is taken out", () => {
  const told: Settings = { ...saved, notify: true, mail: "it@a.example" };
  const quiet = { ...told, notify: false };
  expect(changesOf(told, quiet).settings).toEqual({ notificationMail: "it@a.example", notify: false });
  expect(isChanged(quiet, quiet)).toBe(false);
  expect(changesOf(quiet, { ...quiet, mail: "" }).settings).toEqual({ notificationMail: null, notify: false });
  expect(problemsOf(saved, { ...quiet, mail: "it" })).toHaveProperty("mail");
  expect(problemsOf(saved, { ...quiet, mail: "" })).toEqual({});
});

test("what cannot be meant is told by field", () => {
  const wrong = { ...saved, tenantUrl: "a.example", notify: true, mail: "nobody", threshold: "-1", minutes: "0" };
  expect(Object.keys(problemsOf(saved, wrong))).toEqual(["tenantUrl", "mail", "threshold", "minutes"]);
  expect(problemsOf(saved, { ...wrong, automatic: false })).toEqual({});
  expect(problemsOf({ ...saved, automatic: false }, { ...saved, tenantUrl: " " })).toHaveProperty("tenantUrl");
});
