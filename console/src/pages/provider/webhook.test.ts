import { expect, test } from "vitest";

import type { Webhook, WebhookDelivery } from "../../api/webhooks";
import { chosenOf, EVENTS, eventsOf, outcomeOf, resourceOf, standingOf, troubleOf, wantedOf } from "./webhook";

const webhook = (of: Partial<Webhook>) => ({ events: [], status: "working", ...of }) as Webhook;
const delivery = (of: Partial<WebhookDelivery>) => ({ state: "waiting", tries: 0, ...of }) as WebhookDelivery;

test("all events are none that are named, and those that are named keep their order", () => {
  expect(wantedOf(chosenOf())).toEqual([]);
  expect(wantedOf(new Set(["group.deleted", "user.created"]))).toEqual(["user.created", "group.deleted"]);
  expect([...chosenOf(webhook({ events: ["user.deleted"] }))]).toEqual(["user.deleted"]);
  expect(chosenOf(webhook({})).size).toBe(EVENTS.length);
  expect(eventsOf(webhook({}))).toBe("All events");
  expect(eventsOf(webhook({ events: ["user.deleted"] }))).toBe("user.deleted");
});

test("what became of a delivery is one word", () => {
  expect(outcomeOf(delivery({}))).toEqual(["Waiting", "informative"]);
  expect(outcomeOf(delivery({ tries: 2 }))).toEqual(["Trying again", "warning"]);
  expect(outcomeOf(delivery({ state: "delivered", tries: 1 }))).toEqual(["Delivered", "success"]);
  expect(outcomeOf(delivery({ state: "failed" }))[1]).toBe("danger");
  expect(resourceOf(delivery({ resourceType: "User", resourceId: "1" }))).toBe("User 1");
  expect(resourceOf(delivery({}))).toBe("");
});

test("a webhook that somebody has to look after says why", () => {
  expect(troubleOf(webhook({}))).toBeUndefined();
  expect(troubleOf(webhook({ disabledReason: "Gone." }))?.text).toMatch(/^Gone\. .*enabled again/);
  expect(troubleOf(webhook({ missedChanges: "2027-01-01T00:00:00Z" }))?.title).toMatch(/missed/);
  expect([standingOf(webhook({ status: "failing" })), standingOf(webhook({ status: "disabled" }))]).toEqual([["Failing", "danger"], ["Disabled", "informative"]]);
});
