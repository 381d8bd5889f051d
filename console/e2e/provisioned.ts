import type { Server } from "./fixture";

/** An application with a job that provisions a tenant of the same server. */
export interface Provisioned {
  application: string;
  job: string;
  tenant: string;
  /** The path of the job in Graph. */
  path: string;
}

/** An application of the gallery, connected with a new tenant; nobody is assigned and no cycle has run. */
export async function provisioned(server: Server, name: string, tenant = name.toLowerCase()): Promise<Provisioned> {
  const made = await server.call<{ token: string; pathBaseUrl: string }>("POST", "/provost/v1/tenants", { name: tenant });
  const { servicePrincipal } = await server.call<{ servicePrincipal: { id: string } }>("POST", "/v1.0/applicationTemplates/scim/instantiate", { displayName: name });
  const application = servicePrincipal.id;
  const base = `/v1.0/servicePrincipals/${application}/synchronization`;
  await server.call("PUT", `${base}/secrets`, { value: [{ key: "BaseAddress", value: made.pathBaseUrl }, { key: "SecretToken", value: made.token }] });
  const { id: job } = await server.call<{ id: string }>("POST", `${base}/jobs`, { templateId: "scim" });
  return { application, job, tenant, path: `${base}/jobs/${job}` };
}

/** The id of a user by its principal name. */
export async function userId(server: Server, name: string): Promise<string> {
  return (await server.call<{ id: string }>("GET", `/v1.0/users/${encodeURIComponent(name)}`)).id;
}

export async function assign(server: Server, { application }: Provisioned, principalId: string): Promise<void> {
  await server.call("POST", `/v1.0/servicePrincipals/${application}/appRoleAssignedTo`, { principalId, resourceId: application });
}

/** Runs a cycle to its end. */
export async function cycle(server: Server, { job }: Provisioned): Promise<void> {
  const { cycleId } = await server.call<{ cycleId: string }>("POST", `/provost/v1/jobs/${job}/run`);
  await until(async () => {
    const { lastCycle } = await server.call<{ lastCycle: { cycleId: string } | null }>("GET", `/provost/v1/jobs/${job}`);
    return lastCycle?.cycleId === cycleId;
  });
}

/** Waits for a condition that the browser does not show. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 30_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error("It did not come to that within 30 seconds.");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
