import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { browser as launch, expectAccessible, open, Server, signIn } from "./fixture";
import { MailSink } from "./mail";
import { until } from "./provisioned";

let mails: MailSink;
let server: Server;
let browser: Browser;

const APPLICATION = "OfficeSpace Software";
const TENANT = "contoso";
const ADMINISTRATORS = "it@contoso.example";
/** In Sales, as every third of the thirty. */
const ANN = { name: "User 00001", principal: "user00001@contoso.example" };
const GROUP = "Desks";

beforeAll(async () => {
  mails = await MailSink.start();
  server = await Server.start("--smtp-url", mails.url, "--mail-from", "provost@contoso.example", "--mail-to", "ops@contoso.example");
  await server.administrator();
  await server.users(30);
  const { id } = await server.call<{ id: string }>("POST", "/v1.0/groups", { displayName: GROUP, mailEnabled: false, mailNickname: "desks", securityEnabled: true });
  for (const number of ["00004", "00007"]) {
    const member = await server.call<{ id: string }>("GET", `/v1.0/users/user${number}@contoso.example`);
    await server.call("POST", `/v1.0/groups/${id}/members/$ref`, { "@odata.id": `${server.url}/v1.0/directoryObjects/${member.id}` });
  }
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
  await mails?.stop();
});

/** The service provider's side: hamburger menu > Admin > Connectors > Directory Synchronization > SCIM. */
async function openConnector(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Menu" }).click();
  const menu = page.getByRole("dialog");
  for (const branch of ["Admin", "Connectors", "Directory Synchronization"]) {
    const item = menu.getByRole("button", { name: branch, exact: true });
    if ((await item.getAttribute("aria-expanded")) === "false") await item.click();
  }
  await menu.getByRole("link", { name: "SCIM" }).click();
  await page.getByRole("heading", { level: 1, name: "SCIM" }).waitFor();
}

interface Credentials {
  url: string;
  token: string;
}

/** Creates the tenant with its token, which is shown once, and ticks "SCIM for Authentication". */
async function setUpTenant(page: Page): Promise<Credentials> {
  await openConnector(page);
  await page.getByRole("button", { name: "New tenant" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill(TENANT);
  await page.getByRole("dialog").getByRole("button", { name: "Create" }).click();
  const url = await page.getByRole("dialog").getByRole("textbox", { name: "SCIM base URL" }).inputValue();
  const token = await page.getByRole("dialog").getByRole("textbox", { name: "SCIM Authentication Token" }).inputValue();
  await page.getByRole("button", { name: "Go to the tenant" }).click();
  await page.getByRole("checkbox", { name: "SCIM for Authentication" }).check();
  return { url, token };
}

async function openApplications(page: Page): Promise<void> {
  await page.getByRole("navigation", { name: "Pages", exact: true }).getByRole("link", { name: "Enterprise applications" }).click();
  await page.getByRole("heading", { level: 1, name: "Enterprise applications" }).waitFor();
}

async function addFromGallery(page: Page): Promise<void> {
  await openApplications(page);
  await page.getByRole("button", { name: "New application" }).click();
  await page.getByLabel("Search application").fill(APPLICATION);
  await page.getByRole("list", { name: "Gallery" }).getByRole("button", { name: APPLICATION }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Create" }).click();
  await page.getByRole("heading", { level: 1, name: APPLICATION }).waitFor();
}

/** A page of the application that is open. */
async function openPage(page: Page, label: string): Promise<void> {
  await page.getByRole("navigation", { name: "Pages of the application" }).getByRole("link", { name: label, exact: true }).click();
  const title = label === "Overview" ? APPLICATION : `${APPLICATION} | ${label}`;
  await page.getByRole("heading", { level: 1, name: title, exact: true }).waitFor();
}

async function assign(page: Page, search: string, name: RegExp, role: string): Promise<void> {
  await openPage(page, "Users and groups");
  await page.getByRole("button", { name: "Add user/group" }).click();
  const drawer = page.getByRole("dialog");
  await drawer.getByLabel("Role").selectOption(role);
  await drawer.getByLabel("Search users and groups").fill(search);
  await drawer.getByRole("checkbox", { name }).check();
  await drawer.getByRole("button", { name: "Assign", exact: true }).click();
  await drawer.waitFor({ state: "detached" });
  await page.getByRole("grid", { name: "Users and groups" }).getByRole("row", { name }).waitFor();
}

async function connect(page: Page, { url, token }: Credentials): Promise<void> {
  await openPage(page, "Provisioning");
  await page.getByLabel("Provisioning Mode").selectOption("Automatic");
  await page.getByLabel("Tenant URL").fill(url);
  await page.getByLabel("Secret Token").fill(`${token.slice(0, -1)}${token.endsWith("x") ? "y" : "x"}`);
  await page.getByRole("button", { name: "Test Connection" }).click();
  await page.getByRole("alert").getByText(/401/).waitFor();
  await page.getByLabel("Secret Token").fill(token);
  await page.getByRole("button", { name: "Test Connection" }).click();
  await page.getByText("The connection works.").waitFor();
  await page.getByLabel("Notification Email").fill(ADMINISTRATORS);
  expect(await page.getByText(/cannot send mail yet/).count()).toBe(0);
  await page.getByLabel("Send an email notification when a failure occurs").check();
  await save(page);
}

async function save(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText(/^Saved/).last().waitFor();
  await until(() => page.getByRole("button", { name: "Discard" }).isDisabled());
}

/** What users are matched by is looked at, and left as it is. */
async function reviewMappings(page: Page): Promise<void> {
  await openPage(page, "Mappings");
  await page.getByRole("link", { name: /Provision .*Users/ }).click();
  await page.getByRole("button", { name: "userName", exact: true }).waitFor();
}

async function addScopingFilter(page: Page): Promise<void> {
  await openPage(page, "Scoping filters");
  await page.getByRole("button", { name: "Add scoping filter" }).click();
  await page.getByLabel("Source attribute").fill("department");
  await page.getByLabel("Value").fill("Sales");
  await page.getByText("Of 30 users, 10 pass.").waitFor();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText(/^Saved\./).first().waitFor();
}

async function chooseScope(page: Page, scope: "Sync all users and groups" | "Sync only assigned users and groups"): Promise<void> {
  await openPage(page, "Provisioning");
  await page.getByLabel("Scope", { exact: true }).selectOption(scope);
}

async function switchOn(page: Page): Promise<void> {
  await page.getByRole("switch", { name: /Provisioning Status/ }).check();
  await save(page);
}

/** Has the next cycle begin now, and not after the interval. */
async function restart(page: Page): Promise<void> {
  await openPage(page, "Overview");
  await page.getByRole("button", { name: "Restart provisioning" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Restart", exact: true }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
}

/** Follows the cycle on the overview until so many users have an account. */
async function watchUntil(page: Page, accounts: number): Promise<void> {
  await openPage(page, "Overview");
  const statistics = page.getByRole("region", { name: "Statistics to date" });
  await statistics.getByRole("definition").first().getByText(String(accounts), { exact: true }).waitFor({ timeout: 30_000 });
  await page.getByText(/cycle of .* objects?: completed/).waitFor();
}

/** Whoever has an account in the tenant, and whether it is active. */
async function accounts(): Promise<Map<string, boolean>> {
  const { value } = await server.call<{ value: { userName: string; active: boolean }[] }>("GET", `/provost/v1/tenants/${TENANT}/users?$top=100`);
  return new Map(value.map(({ userName, active }) => [userName, active]));
}

async function active(): Promise<number> {
  return [...(await accounts()).values()].filter(Boolean).length;
}

async function readLog(page: Page): Promise<void> {
  await openPage(page, "Provisioning logs");
  await page.getByRole("searchbox", { name: "Name or ID" }).fill(ANN.principal);
  await page.getByLabel("Action").selectOption("Create");
  await page.getByRole("row", { name: new RegExp(`${ANN.principal}.*Create.*Success`) }).click();
  const drawer = page.getByRole("dialog");
  await drawer.getByRole("tab", { name: "Steps" }).waitFor();
  await drawer.getByRole("tab", { name: "Modified Properties" }).click();
  await drawer.getByRole("table").getByText(ANN.name).first().waitFor();
  await drawer.getByRole("button", { name: "Close" }).click();
}

async function seeAccount(page: Page): Promise<void> {
  await openConnector(page);
  await page.getByRole("row", { name: new RegExp(TENANT) }).click();
  await page.getByRole("heading", { level: 1, name: new RegExp(TENANT) }).waitFor();
  await page.getByRole("tab", { name: "Users", exact: true }).click();
  await page.getByRole("grid", { name: "Provisioned users" }).getByRole("row", { name: new RegExp(ANN.principal) }).waitFor();
}

async function openApplication(page: Page): Promise<void> {
  await openApplications(page);
  await page.getByRole("row", { name: new RegExp(APPLICATION) }).click();
  await page.getByRole("heading", { level: 1, name: APPLICATION }).waitFor();
}

/** Who leaves the scope at once is held back until somebody has seen the list. */
async function allowWhatIsHeldBack(page: Page): Promise<void> {
  await page.getByRole("region", { name: "Quarantine" }).getByRole("button", { name: "Review what is held back" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("7 in all").waitFor();
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "Allow deletes" }).click();
  await dialog.waitFor({ state: "detached" });
}

async function breakToken(page: Page): Promise<void> {
  await openPage(page, "Provisioning");
  await page.getByLabel("Secret Token").fill("no-such-token");
  await save(page);
  await restart(page);
  await page.getByRole("region", { name: "Quarantine" }).getByText(/401/).waitFor({ timeout: 30_000 });
}

test("the whole tutorial, on both sides", { timeout: 240_000 }, async () => {
  const page = await open(browser, server);
  await signIn(page);
  const credentials = await setUpTenant(page);
  await addFromGallery(page);
  await assign(page, ANN.name, new RegExp(ANN.name), "User");
  await connect(page, credentials);
  await reviewMappings(page);
  await addScopingFilter(page);
  await chooseScope(page, "Sync only assigned users and groups");
  await switchOn(page);
  await watchUntil(page, 1);
  expect([...(await accounts()).keys()]).toEqual([ANN.principal]);
  await assign(page, GROUP, new RegExp(GROUP), "Manager");
  await restart(page);
  await watchUntil(page, 3);
  await expectAccessible(page);

  await chooseScope(page, "Sync all users and groups");
  await save(page);
  await restart(page);
  await watchUntil(page, 10);
  expect(await active()).toBe(10);

  await chooseScope(page, "Sync only assigned users and groups");
  await save(page);
  await restart(page);
  await allowWhatIsHeldBack(page);
  await until(async () => (await active()) === 3);
  expect((await accounts()).get(ANN.principal)).toBe(true);

  await readLog(page);
  await seeAccount(page);
  await openApplication(page);
  await breakToken(page);
  const refused = () => mails.received.find(({ to, text }) => to.includes(ADMINISTRATORS) && text.includes("Unauthorized"));
  await until(() => Promise.resolve(refused() !== undefined));
  const mail = refused();
  expect(mail?.text).toContain(`Provisioning to ${APPLICATION} is in quarantine`);
  expect(mail?.text).not.toContain("no-such-token");
  await page.context().close();
});
