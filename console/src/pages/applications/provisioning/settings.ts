import type { Credentials, Job } from "../../../api/jobs";
import type { Guards, JobSettings } from "../../../api/schema";

/** What the form of provisioning edits. */
export interface Settings extends Credentials {
  /** Whether accounts are provisioned: until the application is connected, nobody is. */
  automatic: boolean;
  notify: boolean;
  mail: string;
  scope: "assigned" | "all";
  preventDeletes: boolean;
  /** Empty: the default of 500, and of 20 % of the accounts. */
  threshold: string;
  trigger: "schedule" | "onChange";
  minutes: string;
  on: boolean;
}

const INTERVAL = /^PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?$/;

/** An interval in minutes; undefined for one that is no number of them. */
export function minutesOf(interval: string): number | undefined {
  const parts = INTERVAL.exec(interval);
  if (!parts) return undefined;
  const [hours, minutes, seconds] = [1, 2, 3].map((index) => Number(parts[index] ?? 0)) as [number, number, number];
  return hours * 60 + minutes + seconds / 60;
}

/** What is saved of a job; what is the default where there is none. */
export function settingsOf(job: Job | null): Settings {
  const removals = job?.guards.removals;
  return {
    automatic: Boolean(job && (job.tenantUrl || job.started || job.lastCycle)),
    tenantUrl: job?.tenantUrl ?? "",
    secretToken: "",
    notify: Boolean(job?.notify && job.notificationMail),
    mail: job?.notificationMail ?? "",
    scope: job?.scope === "all" ? "all" : "assigned",
    preventDeletes: removals?.enabled ?? true,
    threshold: removals?.number == null ? "" : String(removals.number),
    trigger: job?.trigger === "onChange" ? "onChange" : "schedule",
    minutes: String(minutesOf(job?.interval ?? "PT40M") ?? ""),
    on: job?.started ?? false,
  };
}

/** What is wrong with what was typed, by field. */
export type Problems = Partial<Record<keyof Settings, string>>;

const MAIL = /^[^\s@]+@[^\s@]+$/;

export function problemsOf(saved: Settings, settings: Settings): Problems {
  const problems: Problems = {};
  if (!settings.automatic) return problems;
  const { tenantUrl, notify, mail, preventDeletes, threshold, minutes } = settings;
  if (!tenantUrl.trim() && !saved.automatic) problems.tenantUrl = "Enter the address that the application gives for SCIM.";
  if (tenantUrl.trim() && !/^https?:\/\//.test(tenantUrl.trim())) problems.tenantUrl = "The tenant URL begins with https:// (or http://).";
  if ((notify || mail.trim()) && !MAIL.test(mail.trim())) problems.mail = "Enter the mail address of a person or a group.";
  if (preventDeletes && threshold.trim() && !/^\d+$/.test(threshold.trim())) problems.threshold = "Enter a whole number, or nothing for the default.";
  if (!(Number(minutes) > 0)) problems.minutes = "Enter a number of minutes.";
  return problems;
}

/** What differs from what is saved, as the calls take it. */
export interface Changes {
  credentials: Partial<Credentials>;
  settings: JobSettings;
  on?: boolean;
}

export function changesOf(saved: Settings, now: Settings): Changes {
  const credentials: Partial<Credentials> = {};
  if (now.tenantUrl.trim() !== saved.tenantUrl) credentials.tenantUrl = now.tenantUrl;
  if (now.secretToken.trim()) credentials.secretToken = now.secretToken;
  const settings: JobSettings = {};
  if (now.notify !== saved.notify || now.mail.trim() !== saved.mail) {
    settings.notificationMail = now.mail.trim() || null;
    settings.notify = now.notify;
  }
  if (now.scope !== saved.scope) settings.scope = now.scope;
  if (now.trigger !== saved.trigger) settings.trigger = now.trigger;
  if (now.minutes !== saved.minutes) settings.interval = `PT${Math.round(Number(now.minutes) * 60)}S`;
  const removals: NonNullable<Guards["removals"]> = {};
  if (now.preventDeletes !== saved.preventDeletes) removals.enabled = now.preventDeletes;
  if (now.threshold.trim() !== saved.threshold) removals.number = now.threshold.trim() ? Number(now.threshold) : null;
  if (Object.keys(removals).length > 0) settings.guards = { removals };
  return { credentials, settings, on: now.on === saved.on ? undefined : now.on };
}

/** Whether anything was changed that a save would save. */
export function isChanged(saved: Settings, now: Settings): boolean {
  const { credentials, settings, on } = changesOf(saved, now);
  return Object.keys(credentials).length > 0 || Object.keys(settings).length > 0 || on !== undefined;
}
