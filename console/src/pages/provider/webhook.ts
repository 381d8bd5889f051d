import type { Webhook, WebhookDelivery } from "../../api/webhooks";

/** The types of events, with what happened in words. */
export const EVENTS: [type: string, label: string][] = [
  ["user.created", "User created"],
  ["user.updated", "User updated"],
  ["user.deleted", "User deleted"],
  ["group.created", "Group created"],
  ["group.updated", "Group or its members updated"],
  ["group.deleted", "Group deleted"],
];

type Grade = "success" | "warning" | "danger" | "informative";

/** How a webhook fares, as a word and a colour. */
export function standingOf({ status }: Webhook): [string, Grade] {
  if (status === "disabled") return ["Disabled", "informative"];
  return status === "failing" ? ["Failing", "danger"] : ["Working", "success"];
}

/** What happened to a delivery, as a word and a colour. */
export function outcomeOf({ state, tries }: WebhookDelivery): [string, Grade] {
  if (state === "delivered") return ["Delivered", "success"];
  if (state === "failed") return ["Failed", "danger"];
  if (state === "skipped") return ["Skipped", "informative"];
  return tries > 0 ? ["Trying again", "warning"] : ["Waiting", "informative"];
}

/** Which events a webhook is told of, in a few words. */
export function eventsOf({ events }: Webhook): string {
  return events.length === 0 ? "All events" : events.join(", ");
}

/** The resource that an event is about. */
export function resourceOf({ resourceType, resourceId }: WebhookDelivery): string {
  return resourceType ? `${resourceType} ${resourceId}` : "";
}

/** What is to be sent for the events that are chosen: none where all are, so that later types are told too. */
export function wantedOf(chosen: ReadonlySet<string>): string[] {
  return chosen.size === EVENTS.length ? [] : EVENTS.map(([type]) => type).filter((type) => chosen.has(type));
}

/** The events that are chosen at first. */
export function chosenOf(webhook?: Webhook): Set<string> {
  return new Set(webhook && webhook.events.length > 0 ? webhook.events : EVENTS.map(([type]) => type));
}

/** Why a webhook is to be looked after, where it is. */
export function troubleOf(webhook: Webhook): { title: string; text: string } | undefined {
  if (webhook.disabledReason) {
    return { title: "The webhook was disabled.", text: `${webhook.disabledReason} What happens meanwhile is sent when it is enabled again.` };
  }
  if (webhook.missedChanges) {
    return { title: "Changes were missed.", text: "They were no longer kept when it was their turn. The application has to read all users and groups once; a replay takes this message away." };
  }
  return undefined;
}
