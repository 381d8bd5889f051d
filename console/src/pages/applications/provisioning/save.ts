import type { Application } from "../../../api/applications";
import { changeJob, ensureJob, type Job, pauseJob, saveCredentials, startJob, testConnection } from "../../../api/jobs";
import { changesOf, type Settings } from "./settings";

/** The id of the job, which is created where provisioning was not set up. */
async function jobOf(application: Application, job: Job | null): Promise<string> {
  return job?.id ?? ensureJob(application.id, application.applicationTemplateId ?? "scim");
}

/** Saves what differs: what a job needs before it is switched on comes first. */
export async function saveSettings(application: Application, job: Job | null, saved: Settings, now: Settings): Promise<void> {
  const { credentials, settings, on } = changesOf(saved, now);
  const id = await jobOf(application, job);
  if (Object.keys(credentials).length > 0) await saveCredentials(application.id, credentials);
  if (on === false) await pauseJob(application.id, id);
  if (Object.keys(settings).length > 0) await changeJob(id, settings);
  if (on === true) await startJob(application.id, id);
}

/** Tries what was typed; what is saved where nothing was. */
export async function tryConnection(application: Application, job: Job | null, saved: Settings, now: Settings): Promise<void> {
  const { tenantUrl, secretToken } = changesOf(saved, now).credentials;
  if (tenantUrl !== undefined && !secretToken && saved.tenantUrl) {
    throw new Error("Enter the secret token as well: the one that is saved is not sent to another address.");
  }
  const id = await jobOf(application, job);
  const given = tenantUrl !== undefined || secretToken !== undefined;
  await testConnection(application.id, id, given ? { tenantUrl: now.tenantUrl, secretToken: now.secretToken } : undefined);
}
