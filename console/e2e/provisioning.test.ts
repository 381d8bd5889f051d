import { readFileSync } from "node:fs";

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { browser as launch, open, Server, signIn } from "./fixture";
import { assign, cycle, type Provisioned, provisioned, until, userId } from "./provisioned";

let server: Server;
let browser: Browser;
let app: Provisioned;
const ids: string[] = [];

const user = (number: number) => `user0000${number}@contoso.example`;

/** An account in the application, as its tenant has it. */
async function accounts(): Promise<number> {
  return (await server.call<{ users: number }>("GET", `/provost/v1/tenants/${app.tenant}`)).users;
}

const last = async (filter: string) =>
  (await server.call<{ value: { provisioningAction: string }[] }>("GET", `/v1.0/auditLogs/provisioning?$filter=${encodeURIComponent(filter)}`)).value[0];

beforeAll(async () => {
  server = await Server.start();
  await server.administrator();
  await server.users(8);
  app = await provisioned(server, "OfficeSpace");
  for (let number = 1; number <= 8; number += 1) ids.push(await userId(server, user(number)));
  for (const id of ids.slice(0, 3)) await assign(server, app, id);
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

async function at(page: Page, path: string): Promise<void> {
  await page.goto(`/console/applications/${app.application}/${path}`);
}

test("a plan tells what the next cycle would do, and does none of it", async () => {
  const page = await open(browser, server);
  await signIn(page);
  await at(page, "plan");
  await page.getByRole("button", { name: "Make a plan" }).click();
  await page.getByRole("button", { name: "Create: 3" }).waitFor();
  await page.getByRole("row", { name: /user00002@contoso.example/ }).focus();
  await page.keyboard.press("Enter");
  const drawer = page.getByRole("dialog");
  await drawer.getByRole("row", { name: /userName none user00002@contoso.example/ }).waitFor();
  await page.keyboard.press("Escape");
  await drawer.waitFor({ state: "detached" });
  await page.getByLabel("For one user or group only").pressSequentially("User 00008");
  await page.getByRole("option", { name: /User 00008/ }).click();
  await page.getByRole("button", { name: "Plan again" }).click();
  await page.getByRole("row", { name: /user00008@contoso.example/ }).click();
  await page.getByRole("dialog").getByText(/not assigned to the application/).first().waitFor();
  expect(await accounts()).toBe(0);
  await page.context().close();
});

test("one user is provisioned on demand, with the four steps, and again", async () => {
  const page = await open(browser, server);
  await signIn(page);
  await at(page, "provision-on-demand");
  await page.getByLabel("Select a user or group").pressSequentially("User 00001");
  await page.getByRole("option", { name: /User 00001/ }).click();
  await page.getByRole("button", { name: "Provision", exact: true }).click();
  const result = page.getByRole("region", { name: "user00001@contoso.example" });
  await result.getByRole("button", { name: /^4\. Perform action/ }).waitFor();
  for (const step of ["1. Import user", "2. Determine if user is in scope", "3. Match user between source and target system"]) {
    await result.getByRole("button", { name: new RegExp(`^${step}`) }).waitFor();
  }
  await result.getByRole("row", { name: /userName none user00001@contoso.example/ }).waitFor();
  await page.getByRole("button", { name: "Retry" }).click();
  await page.getByText("Nothing was changed in the target.").first().waitFor();
  expect(await accounts()).toBe(1);
  expect(await last(`sourceIdentity/id eq '${ids[0]}'`)).toMatchObject({ provisioningAction: "create" });
  await page.context().close();
});

test("what was changed in the application is found and put right", async () => {
  await cycle(server, app);
  const made = await server.call<{ token: string }>("POST", `/provost/v1/tenants/${app.tenant}/tokens`, { label: "somebody" });
  const { pathBaseUrl } = await server.call<{ pathBaseUrl: string }>("GET", `/provost/v1/tenants/${app.tenant}`);
  const headers = { Authorization: `Bearer ${made.token}`, "Content-Type": "application/scim+json" };
  const name = async () => {
    const found = await fetch(`${pathBaseUrl}/Users?filter=${encodeURIComponent(`userName eq "${user(2)}"`)}`, { headers });
    return ((await found.json()) as { Resources: { id: string; displayName: string }[] }).Resources[0]!;
  };
  const { id } = await name();
  const body = JSON.stringify({ schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], Operations: [{ op: "replace", path: "displayName", value: "Somebody else" }] });
  expect((await fetch(`${pathBaseUrl}/Users/${id}`, { method: "PATCH", headers, body })).ok).toBe(true);
  const page = await open(browser, server);
  await signIn(page);
  await at(page, "drift");
  await page.getByText("has not been compared yet").first().waitFor();
  await page.getByRole("button", { name: "Compare now" }).click();
  await page.getByText("3 accounts were compared: 1 difference, of which a repair puts 1 right.").first().waitFor();
  await page.getByRole("row", { name: /user00002@contoso.example/ }).click();
  await page.getByRole("dialog").getByRole("row", { name: /displayName User 00002 Somebody else/ }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Repair" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Repair" }).click();
  await until(async () => (await name()).displayName === "User 00002");
  await page.getByText("by hand, with repair").first().waitFor();
  await page.context().close();
});

test("the log is searched, its details are opened, and it is downloaded", async () => {
  const page = await open(browser, server);
  await signIn(page);
  await page.getByRole("link", { name: "Provisioning logs" }).click();
  await page.getByRole("row", { name: /user00003@contoso.example/ }).first().waitFor();
  await page.getByLabel("Name or ID").pressSequentially("00002");
  await page.getByRole("row", { name: /user00003@contoso.example/ }).first().waitFor({ state: "detached" });
  await page.getByLabel("Action").selectOption("Create");
  await page.getByRole("row", { name: /user00002@contoso.example Create/ }).click();
  const drawer = page.getByRole("dialog");
  await drawer.getByRole("tab", { name: "Modified Properties" }).click();
  await drawer.getByRole("row", { name: /userName none user00002/ }).waitFor();
  // A search that comes to the address late makes the list another one, and leaves the details as they are.
  await Promise.all([page.waitForResponse(/contains/), page.getByPlaceholder("Name or ID").fill(user(2))]);
  await page.locator("[role=grid][aria-busy=false]").waitFor();
  expect(await drawer.getByRole("tab", { name: "Modified Properties" }).getAttribute("aria-selected")).toBe("true");
  await drawer.getByRole("tab", { name: "Summary" }).click();
  await drawer.getByRole("link", { name: "OfficeSpace" }).waitFor();
  await page.keyboard.press("Escape");
  await drawer.waitFor({ state: "detached" });
  const files: string[] = [];
  for (const format of ["CSV", "JSON"]) {
    await page.getByRole("button", { name: "Download" }).click();
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name: `Download ${format}` }).click()]);
    files.push(readFileSync(await download.path(), "utf8"));
  }
  expect(files[0]!.trim().split("\r\n").length).toBe(2);
  expect(files[0]).toContain('"create","success","user00002@contoso.example"');
  expect(JSON.parse(files[1]!)).toMatchObject([{ provisioningAction: "create", sourceIdentity: { displayName: user(2) } }]);
  await page.getByRole("button", { name: "Reset filters" }).click();
  await page.getByRole("row", { name: /user00003@contoso.example/ }).first().waitFor();
  await page.context().close();
});

test("why somebody has no account is answered on one page, and nothing is written for it", async () => {
  const page = await open(browser, server);
  await signIn(page);
  await page.goto(`/console/users/${ids[7]}`);
  await page.getByLabel("Why no account in another application?").selectOption("OfficeSpace");
  const why = page.getByRole("region", { name: "Why in OfficeSpace" });
  await why.getByText(/User 00008 has no account.*not assigned to the application/).first().waitFor();
  await page.goto(`/console/users/${ids[1]}`);
  await page.getByRole("button", { name: "Why in OfficeSpace?" }).click();
  await page.getByText(/User 00002 has an account, and it is in line/).first().waitFor();
  await page.getByRole("link", { name: "All entries of the provisioning log" }).click();
  await page.getByRole("heading", { level: 1, name: "User 00002 | Provisioning logs" }).waitFor();
  await page.getByRole("row", { name: /Create/ }).waitFor();
  expect(await accounts()).toBe(3);
  expect(await last(`sourceIdentity/id eq '${ids[7]}'`)).toBeUndefined();
  await page.context().close();
});

test("a reader of reports sees the log, and is offered nothing that would be refused", async () => {
  const other = await Server.start();
  await other.administrator("reportsReader");
  const page = await open(browser, other);
  await page.goto("/console/provisioning-logs");
  await page.getByLabel("Sign-in name").fill("ada@contoso.example");
  await page.getByRole("textbox", { name: "Password" }).fill("correct horse battery staple");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("The provisioning log has nothing of this.").first().waitFor();
  expect(await page.getByRole("link", { name: "Enterprise applications" }).count()).toBe(0);
  expect(await page.getByLabel("Application").count()).toBe(0);
  await page.context().close();
  await other.stop();
});
