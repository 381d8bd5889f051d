import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { browser as launch, expectAccessible, open, Server, signIn } from "./fixture";
import { assign, cycle, type Provisioned, provisioned, until, userId } from "./provisioned";

let server: Server;
let browser: Browser;
/** Ten users have accounts; a guard holds back that six of them go. */
let held: Provisioned;
/** Its token is refused. */
let refused: Provisioned;

interface Job {
  started: boolean;
  scope: string;
  interval: string;
  notificationMail: string | null;
  notify: boolean;
  guards: { removals: { enabled: boolean; number: number | null } };
  quarantine: object | null;
}

const job = (of: Provisioned) => server.call<Job>("GET", `/provost/v1/jobs/${of.job}`);

beforeAll(async () => {
  server = await Server.start();
  await server.administrator();
  await server.users(300);
  held = await provisioned(server, "Desks");
  refused = await provisioned(server, "Rooms");
  for (let number = 1; number <= 10; number++) {
    await assign(server, held, await userId(server, `user${String(number).padStart(5, "0")}@contoso.example`));
  }
  await cycle(server, held);
  await server.call("PATCH", `/provost/v1/jobs/${held.job}`, { guards: { removals: { number: 3 } } });
  const assigned = `/v1.0/servicePrincipals/${held.application}/appRoleAssignedTo`;
  const { value } = await server.call<{ value: { id: string }[] }>("GET", `${assigned}?$top=6`);
  for (const { id } of value) await server.call("DELETE", `${assigned}/${id}`);
  await cycle(server, held);
  await server.call("PUT", `/v1.0/servicePrincipals/${refused.application}/synchronization/secrets`, { value: [{ key: "SecretToken", value: "wrong" }] });
  await cycle(server, refused);
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

test("the overview is the first page, and leads to what needs somebody", async () => {
  const page = await open(browser, server);
  await signIn(page);
  await page.goto("/console/");
  const quarantines = page.getByRole("region", { name: "In quarantine" });
  await quarantines.getByText(/401/).first().waitFor();
  await quarantines.getByRole("link", { name: "Desks" }).click();
  await page.getByRole("heading", { level: 1, name: "Desks" }).waitFor();
  await page.getByRole("region", { name: "Quarantine" }).getByText("more accounts would be disabled or deleted").first().waitFor();
  await page.context().close();
});

test("an application is found in the gallery and added with the keyboard alone, and deleted again", async () => {
  const page = await open(browser, server);
  await signIn(page);
  await page.goto("/console/applications/new");
  await page.getByLabel("Search application").focus();
  await page.keyboard.type("slack");
  await page.getByRole("list", { name: "Gallery" }).getByRole("button", { name: /^AWS/ }).waitFor({ state: "detached" });
  await page.keyboard.press("Tab");
  while (!(await page.getByRole("button", { name: /^Slack/ }).evaluate((it) => it === document.activeElement))) await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").getByLabel("Name").fill("Messages");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Messages" }).waitFor();
  await page.getByText("Get started").first().waitFor();
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
  await page.getByRole("heading", { level: 1, name: "Enterprise applications" }).waitFor();
  const { value } = await server.call<{ value: { displayName: string }[] }>("GET", "/v1.0/servicePrincipals");
  expect(value.map(({ displayName }) => displayName)).not.toContain("Messages");
  await page.context().close();
});

test("users are searched on the server, assigned and removed", async () => {
  const page = await open(browser, server);
  await signIn(page);
  await page.goto(`/console/applications/${refused.application}/users`);
  await page.getByText("Nobody is assigned yet.").first().waitFor();
  await page.getByRole("button", { name: "Add user/group" }).click();
  const drawer = page.getByRole("dialog");
  for (const number of ["00250", "00299"]) {
    await drawer.getByLabel("Search users and groups").fill(number);
    await drawer.getByRole("checkbox", { name: new RegExp(`User ${number}`) }).check();
  }
  await drawer.getByRole("button", { name: "Assign 2" }).click();
  await page.getByText("2 in all").first().waitFor();
  await page.getByLabel("Search assignments").fill("299");
  await page.getByText("1 in all").first().waitFor();
  await page.getByRole("row", { name: /User 00299/ }).focus();
  await page.keyboard.press("Space");
  await page.getByRole("button", { name: "Remove" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Remove" }).click();
  await page.getByText("No assignment is found").first().waitFor();
  const { value } = await server.call<{ value: { principalDisplayName: string }[] }>("GET", `/v1.0/servicePrincipals/${refused.application}/appRoleAssignedTo`);
  expect(value.map(({ principalDisplayName }) => principalDisplayName)).toEqual(["User 00250"]);
  await page.context().close();
});

test("the settings of provisioning are saved, what is wrong is told at its field, and what is unsaved is guarded", async () => {
  const page = await open(browser, server);
  await signIn(page);
  await page.goto(`/console/applications/${refused.application}/provisioning`);
  await page.getByRole("button", { name: "Test Connection" }).click();
  await page.getByRole("alert").getByText(/401/).first().waitFor();
  await page.getByLabel("Notification Email").fill("nobody");
  await page.getByLabel("Send an email notification when a failure occurs").check();
  await page.getByLabel("Accidental deletion threshold").fill("7");
  await page.getByLabel("Interval in minutes").fill("20");
  await page.getByLabel("Scope", { exact: true }).selectOption("Sync all users and groups");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Enter the mail address of a person or a group.").first().waitFor();
  await page.getByRole("link", { name: "Overview", exact: true }).last().click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Cancel" }).click();
  await page.getByLabel("Notification Email").fill("it@contoso.example");
  await page.getByRole("button", { name: "Save" }).click();
  await until(() => page.getByRole("button", { name: "Discard" }).isDisabled());
  expect(await job(refused)).toMatchObject({
    scope: "all", interval: "PT20M", notificationMail: "it@contoso.example", notify: true, guards: { removals: { enabled: true, number: 7 } }, started: false,
  });
  await page.getByText(/cannot send mail yet.*--smtp-url/).waitFor();
  await page.getByLabel("Send an email notification when a failure occurs").uncheck();
  await page.getByRole("button", { name: "Save" }).click();
  await until(() => page.getByRole("button", { name: "Discard" }).isDisabled());
  expect(await job(refused)).toMatchObject({ notificationMail: "it@contoso.example", notify: false });
  await page.reload();
  expect(await page.getByLabel("Notification Email").inputValue()).toBe("it@contoso.example");
  expect(await page.getByLabel("Send an email notification when a failure occurs").isChecked()).toBe(false);
  await page.context().close();
});

test("what a guard holds back is looked at and allowed", async () => {
  const page = await open(browser, server);
  await signIn(page);
  await page.goto(`/console/applications/${held.application}`);
  await page.getByRole("button", { name: "Review what is held back" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("6 in all").first().waitFor();
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "Allow deletes" }).click();
  await dialog.waitFor({ state: "detached" });
  await cycle(server, held);
  expect((await job(held)).quarantine).toBeNull();
  await page.context().close();
});

test("who may only read reports sees the overview, and no way to change anything", async () => {
  const { id } = (await server.call<{ value: { id: string; displayName: string }[] }>("GET", "/provost/v1/administrators")).value.find(({ displayName }) => displayName === "Ada Lovelace")!;
  const roles = `/provost/v1/administrators/${id}/roles`;
  const { value } = await server.call<{ value: { id: string }[] }>("GET", roles);
  await server.call("POST", roles, { role: "reportsReader", scope: { type: "installation" } });
  for (const role of value) await server.call("DELETE", `${roles}/${role.id}`);
  const page = await open(browser, server);
  await page.goto("/console/");
  await page.getByLabel("Sign-in name").fill("ada@contoso.example");
  await page.getByRole("textbox", { name: "Password" }).fill("correct horse battery staple");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  await page.getByText(/401/).first().waitFor();
  await page.getByRole("cell", { name: "Rooms" }).waitFor();
  expect(await page.getByRole("link", { name: "Rooms" }).count()).toBe(0);
  expect(await page.getByRole("link", { name: "Enterprise applications" }).count()).toBe(0);
  await expectAccessible(page);
  await page.context().close();
});
