import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { browser as launch, expectAccessible, open, type Person, Server, signIn } from "./fixture";

let server: Server;
let browser: Browser;
let contoso: Awaited<ReturnType<Server["tenant"]>>;

const person = (name: string): Person => ({ signInName: `${name}@contoso.example`, displayName: name, password: "correct horse battery staple" });
const READER = person("reader");
const TENANT = person("tenant");
const TENANT_READER = person("tenant-reader");
const APPLICATIONS = person("applications");
const NOBODY = person("nobody");

beforeAll(async () => {
  server = await Server.start();
  contoso = await server.tenant("contoso");
  await server.tenant("fabrikam");
  await server.users(3);
  await contoso.scim("GET", "/Users?count=1");
  await server.administrator("reportsReader", READER);
  await server.administrator("tenantAdministrator", TENANT, { type: "tenant", id: contoso.id });
  await server.administrator("reportsReader", TENANT_READER, { type: "tenant", id: contoso.id });
  await server.administrator("applicationAdministrator", APPLICATIONS);
  await server.call("POST", "/provost/v1/administrators", { type: "person", ...NOBODY });
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

test("a Reports Reader reads logs, and is led to no page of users", async () => {
  const page = await open(browser, server);
  await signIn(page, "/", READER);
  expect(await page.getByText(/Authorization|lacks|role that/).count()).toBe(0);
  const pages = page.getByRole("navigation", { name: "Pages", exact: true });
  await pages.getByRole("link", { name: "Audit log" }).click();
  await page.getByRole("row", { name: /user/ }).first().waitFor();
  for (const name of ["Users", "Groups", "Administrators"]) expect(await pages.getByRole("link", { name }).count()).toBe(0);
  await page.goto("/console/users");
  await page.getByRole("alert").waitFor();
  expect(await page.getByRole("button", { name: "New user" }).count()).toBe(0);
  await page.context().close();
});

test("a Tenant Administrator sees one tenant, all of it, and nothing else", async () => {
  const page = await open(browser, server);
  await signIn(page, "/", TENANT);
  await page.getByRole("heading", { level: 1, name: "contoso" }).waitFor();
  const pages = page.getByRole("navigation", { name: "Pages", exact: true });
  expect(await pages.getByRole("link").allTextContents()).toEqual(["SCIM"]);
  expect(await page.getByRole("button", { name: "Delete" }).count()).toBe(0);
  await page.getByRole("button", { name: "New token" }).waitFor();
  await page.getByRole("tab", { name: "Users" }).click();
  await page.getByText("No client has provisioned users yet.").waitFor();
  await page.getByRole("tab", { name: "Settings" }).click();
  expect(await page.getByLabel("Requests a second").isDisabled()).toBe(true);
  await page.getByRole("tab", { name: "Audit log" }).click();
  await page.getByRole("row", { name: /Add tenant/ }).waitFor();
  await expectAccessible(page);
  const { value } = await server.call<{ value: { id: string; name: string }[] }>("GET", "/provost/v1/tenants");
  await page.goto(`/console/connectors/scim/${value.find(({ name }) => name === "fabrikam")!.id}`);
  await page.getByRole("alert").waitFor();
  await page.context().close();
});

test("a Reports Reader of a tenant sees what happened at it, and not how it is opened", async () => {
  const page = await open(browser, server);
  await signIn(page, "/", TENANT_READER);
  await page.getByRole("heading", { level: 1, name: "contoso" }).waitFor();
  await page.getByRole("row", { name: /\/Users\?count=1/ }).waitFor();
  for (const name of ["Last requests", "Audit log"]) await page.getByRole("tab", { name }).waitFor();
  expect(await page.getByRole("tab").count()).toBe(2);
  await page.context().close();
});

test("an Application Administrator reads users and groups, and changes none", async () => {
  const page = await open(browser, server);
  await signIn(page, "/users", APPLICATIONS);
  await page.getByRole("row", { name: /User 00001/ }).waitFor();
  for (const name of ["New user", "Import", "Delete"]) expect(await page.getByRole("button", { name }).count()).toBe(0);
  await page.getByRole("row", { name: /User 00001/ }).click();
  await page.getByText("No manager.").waitFor();
  expect(await page.getByRole("button", { name: /manager|Save|Disable|Delete/ }).count()).toBe(0);
  expect(await page.getByLabel("Display name").getAttribute("readonly")).not.toBeNull();
  await page.context().close();
});

test("who has no role is told so", async () => {
  const page = await open(browser, server);
  await signIn(page, "/", NOBODY);
  await page.getByText("You have no role yet").waitFor();
  await expectAccessible(page);
  await page.context().close();
});
