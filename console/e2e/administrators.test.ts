import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { ADA, browser as launch, expectAccessible, open, Server, signIn } from "./fixture";

let server: Server;
let browser: Browser;

const GRACE = { signInName: "grace@contoso.example", displayName: "Grace Hopper", password: "a ship in port is safe" };

interface Administrators {
  value: { id: string; displayName: string; enabled: boolean; roles: { role: string; scope: { type: string } }[] }[];
}

beforeAll(async () => {
  server = await Server.start();
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

async function named(name: string) {
  const { value } = await server.call<Administrators>("GET", "/provost/v1/administrators");
  return value.find(({ displayName }) => displayName === name);
}

test("a new installation says how its first administrator is made", async () => {
  const page = await open(browser, server);
  await page.goto("/console/");
  await page.getByText("Nobody can sign in yet.").first().waitFor();
  await expectAccessible(page);
  await server.administrator();
  await page.reload();
  await page.getByLabel("Sign-in name").waitFor();
  expect(await page.getByText("Nobody can sign in yet.").count()).toBe(0);
  await page.context().close();
});

test("a person is made with a first password and a role, signs in, and changes the password", async () => {
  const page = await open(browser, server);
  await signIn(page, "/administrators");
  await page.getByRole("button", { name: "New administrator" }).click();
  await page.getByLabel("Display name").fill(GRACE.displayName);
  await page.getByLabel("Sign-in name").fill(GRACE.signInName);
  await page.getByLabel("First password").fill("short");
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByRole("textbox", { name: "First password", description: /12/ }).waitFor();
  expect(await page.getByLabel("Sign-in name").inputValue()).toBe(GRACE.signInName);
  await page.getByLabel("First password").fill("a first password");
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByRole("heading", { level: 1, name: GRACE.displayName }).waitFor();
  await page.getByLabel("Role", { exact: true }).selectOption("Reports Reader");
  await page.getByLabel("Scope", { exact: true }).selectOption("Directory");
  await page.getByRole("button", { name: "Add role" }).click();
  await page.getByRole("row", { name: /Reports Reader Directory default/ }).waitFor();
  expect((await named(GRACE.displayName))!.roles).toMatchObject([{ role: "reportsReader", scope: { type: "directory" } }]);

  const hers = await open(browser, server);
  await signIn(hers, "/", { ...GRACE, password: "a first password" });
  await hers.getByRole("button", { name: /^Account/ }).click();
  await hers.getByRole("menuitem", { name: "Change password" }).click();
  await hers.getByLabel("Current password").fill("not that one at all");
  await hers.getByRole("textbox", { name: "New password", exact: true }).fill(GRACE.password);
  await hers.getByLabel("New password again").fill(GRACE.password);
  await hers.getByRole("button", { name: "Change password" }).click();
  await hers.getByRole("textbox", { name: "Current password", description: /current/ }).waitFor();
  await hers.getByLabel("Current password").fill("a first password");
  await hers.getByRole("button", { name: "Change password" }).click();
  await hers.getByText("The password is changed.").first().waitFor();
  await expectAccessible(hers);
  await hers.context().close();

  await page.getByRole("button", { name: "Disable" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Disable" }).click();
  await page.getByText("The account is disabled: nothing opens it.").first().waitFor();
  expect((await named(GRACE.displayName))!.enabled).toBe(false);
  await page.getByRole("toolbar", { name: "Commands" }).getByRole("button", { name: "Delete" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
  await page.getByRole("heading", { level: 1, name: "Administrators" }).waitFor();
  expect(await named(GRACE.displayName)).toBeUndefined();
  await page.context().close();
});

test("a tool gets a client secret, which is shown once and opens the API", async () => {
  const page = await open(browser, server);
  await signIn(page, "/administrators/new");
  await page.getByRole("radio", { name: /A tool/ }).check();
  await page.getByLabel("Display name").fill("terraform");
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByRole("heading", { level: 1, name: "terraform" }).waitFor();
  await page.getByLabel("Description").fill("2027");
  await page.getByRole("button", { name: "New client secret" }).click();
  const secret = await page.getByLabel("Client secret", { exact: true }).inputValue();
  await page.getByRole("row", { name: /2027/ }).waitFor();
  await expectAccessible(page);
  const client_id = (await named("terraform"))!.id;
  const body = new URLSearchParams({ grant_type: "client_credentials", client_id, client_secret: secret });
  const token = async () => (await fetch(`${server.url}/default/oauth2/v2.0/token`, { method: "POST", body })).status;
  expect(await token()).toBe(200);
  await page.reload();
  await page.getByRole("row", { name: /2027/ }).waitFor();
  expect(await page.getByLabel("Client secret", { exact: true }).count()).toBe(0);
  await page.getByRole("button", { name: "Delete 2027" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
  await page.getByText("No secret yet").first().waitFor();
  expect(await token()).toBe(401);
  await page.context().close();
});

test("administrators are gone through to the end, and searched on the server", async () => {
  const made: string[] = [];
  for (let number = 1; number <= 120; number += 1) {
    const { id } = await server.call<{ id: string }>("POST", "/provost/v1/administrators", { type: "tool", displayName: `pipeline ${String(number).padStart(3, "0")}` });
    made.push(id);
  }
  const page = await open(browser, server);
  await signIn(page, "/administrators");
  await page.getByRole("row", { name: /Ada Lovelace/ }).focus();
  await page.keyboard.press("End");
  await page.getByRole("row", { name: /terraform/ }).waitFor();
  const asked = page.waitForRequest(/administrators\?.*contains=ine\+119|administrators\?.*contains=ine%20119/);
  await page.getByLabel("Search administrators").fill("ine 119");
  await asked;
  await page.getByText("1 in all").waitFor();
  await page.getByRole("row", { name: /pipeline 119/ }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "pipeline 119" }).waitFor();
  for (const id of made) await server.call("DELETE", `/provost/v1/administrators/${id}`);
  await page.context().close();
});

test("the audit log says who changed what, and from what to what", async () => {
  const user = await server.call<{ id: string }>("POST", "/v1.0/users", { userPrincipalName: "emmy@contoso.example", displayName: "Emmy Noether", mailNickname: "emmy", accountEnabled: true });
  const page = await open(browser, server);
  await signIn(page, `/users/${user.id}`);
  await page.getByLabel("Department").fill("Algebra");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved", { exact: true }).last().waitFor();
  await page.getByRole("link", { name: "Audit log" }).click();
  await page.getByLabel("Search the audit log").fill("lovelace");
  await page.getByRole("row", { name: /Update user/ }).first().focus();
  await page.keyboard.press("Enter");
  await page.getByRole("row", { name: "department none Algebra" }).waitFor();
  await expectAccessible(page);
  await page.keyboard.press("Escape");
  await page.getByLabel("Which log").selectOption("Tenants and administrators");
  await page.getByLabel("Category").selectOption("Role management");
  await page.getByLabel("Search the audit log").fill("terraform");
  await page.getByRole("row", { name: /terraform/ }).first().waitFor();
  await page.context().close();
});

test("a session that ends over a form is begun again above it, and what was typed is saved", async () => {
  const page = await open(browser, server);
  await signIn(page, "/users/new");
  await page.getByLabel("Display name").fill("Sophie Germain");
  await page.getByLabel("User principal name").fill("sophie@contoso.example");
  await page.getByLabel("Mail nickname").fill("sophie");
  const other = await page.context().newPage();
  await other.goto("/console/users");
  await other.getByRole("button", { name: /^Account/ }).click();
  await other.getByRole("menuitem", { name: "Sign out everywhere" }).click();
  await other.getByRole("heading", { name: "Sign in" }).waitFor();
  await page.bringToFront();
  await page.getByRole("button", { name: "Create" }).click();
  const dialog = page.getByRole("alertdialog", { name: "Sign in again" });
  await dialog.getByLabel("Sign-in name").fill(ADA.signInName);
  await dialog.getByRole("textbox", { name: "Password" }).fill(ADA.password);
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "Sign in" }).click();
  await dialog.waitFor({ state: "detached" });
  expect(await page.getByLabel("Display name").inputValue()).toBe("Sophie Germain");
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByRole("heading", { level: 1, name: "Sophie Germain" }).waitFor();
  await page.context().close();
});
