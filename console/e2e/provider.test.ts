import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { browser as launch, DESKTOP, expectAccessible, open, PHONE, Server, signIn } from "./fixture";

let server: Server;
let browser: Browser;
let contoso: Awaited<ReturnType<Server["tenant"]>>;

const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

beforeAll(async () => {
  server = await Server.start();
  await server.administrator();
  contoso = await server.tenant("contoso");
  for (let number = 1; number <= 150; number += 1) {
    const userName = `user${String(number).padStart(3, "0")}@contoso.example`;
    const schemas = ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE];
    const made = await contoso.scim("POST", "/Users", { schemas, userName, displayName: `User ${number}`, active: "True", externalId: `e-${number}`, [ENTERPRISE]: { department: "Sales" } });
    expect(made.status).toBe(201);
  }
  await contoso.scim("POST", "/Groups", { schemas: ["urn:ietf:params:scim:schemas:core:2.0:Group"], displayName: "Sales" });
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

/** Hamburger menu > Admin > Connectors > Directory Synchronization > SCIM, with the keyboard alone. */
async function goByMenu(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Menu" }).focus();
  await page.keyboard.press("Enter");
  const menu = page.getByRole("dialog");
  for (const name of ["Admin", "Connectors", "Directory Synchronization"]) {
    await menu.getByRole("button", { name, exact: true }).focus();
    await page.keyboard.press("Enter");
  }
  await menu.getByRole("link", { name: "SCIM" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "SCIM" }).waitFor();
}

for (const [name, size] of [["desktop", DESKTOP], ["phone", PHONE]] as const) {
  test(`the menu leads to SCIM, where the address is copied and a token is made, once: ${name}`, async () => {
    const page = await open(browser, server, { size });
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await signIn(page);
    await goByMenu(page);
    await page.getByRole("row", { name: /contoso/ }).click();
    await page.getByRole("heading", { level: 1, name: "contoso" }).waitFor();
    await page.getByRole("button", { name: "Copy SCIM base URL", exact: true }).click();
    await page.getByRole("button", { name: "Copied SCIM base URL", exact: true }).waitFor();
    const copied = () => page.evaluate(() => navigator.clipboard.readText());
    expect(await copied()).toMatch(/\/tenants\/contoso\/api\/scim\/v2$/);

    await page.getByRole("button", { name: "New token" }).click();
    await page.getByLabel("Label", { exact: true }).fill(`Entra ID ${name}`);
    await page.getByRole("button", { name: "Create" }).click();
    const secret = page.getByLabel("SCIM Authentication Token", { exact: true });
    await secret.waitFor();
    const token = await secret.inputValue();
    await page.getByRole("button", { name: "Copy SCIM Authentication Token" }).click();
    await page.getByRole("button", { name: "Copied SCIM Authentication Token" }).waitFor();
    expect(await copied()).toBe(token);
    await page.getByRole("button", { name: "Close" }).click();
    await secret.waitFor({ state: "detached" });
    const asked = (bearer: string) => fetch(`${server.url}/tenants/contoso/api/scim/v2/Users?count=1`, { headers: { Authorization: `Bearer ${bearer}` } });
    expect((await asked(token)).status).toBe(200);

    const row = page.getByRole("row", { name: new RegExp(`Entra ID ${name}`) });
    await row.getByText("by Ada Lovelace").first().waitFor();
    await row.getByRole("button", { name: /^Actions/ }).click();
    await page.getByRole("menuitem", { name: "Rotate" }).click();
    await page.getByLabel("The old token ends").selectOption("At once");
    await page.getByRole("button", { name: "Rotate" }).click();
    const next = await secret.inputValue();
    await page.getByRole("button", { name: "Close" }).click();
    expect([(await asked(token)).status, (await asked(next)).status]).toEqual([401, 200]);

    await page.getByRole("row", { name: new RegExp(`Entra ID ${name}`) }).last().getByRole("button", { name: /^Actions/ }).click();
    await page.getByRole("menuitem", { name: "Revoke" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Revoke" }).click();
    await page.getByRole("alertdialog").waitFor({ state: "detached" });
    expect((await asked(next)).status).toBe(401);
    await page.context().close();
  });
}

test("SCIM for Authentication lets clients in or not, and their requests are seen as they come", async () => {
  const page = await open(browser, server);
  await signIn(page, `/connectors/scim/${contoso.id}`);
  await page.getByRole("checkbox", { name: "SCIM for Authentication" }).click();
  await page.getByText("Every request of a client is answered 403").first().waitFor();
  expect((await contoso.scim("GET", "/Users?count=1")).status).toBe(403);
  await page.getByRole("checkbox", { name: "SCIM for Authentication" }).click();
  await page.getByText("Clients with a good token get in.").first().waitFor();
  await page.getByRole("tab", { name: "Last requests" }).click();
  await page.getByRole("row", { name: /\/Users\?count=1.*403/ }).waitFor();
  await contoso.scim("GET", '/Users?filter=userName+eq+"live@contoso.example"');
  await page.getByRole("row", { name: /live@contoso\.example|live%40contoso/ }).waitFor();
  await page.getByRole("row", { name: /POST \/Users .*201/ }).first().focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Quirks that were accepted" }).waitFor();
  await page.getByRole("region", { name: "Body of the request" }).getByText("userName").first().waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("checkbox", { name: "Refused ones only" }).check();
  await page.getByRole("row", { name: /201/ }).first().waitFor({ state: "detached" });
  await page.getByRole("row", { name: /403/ }).click();
  await page.getByRole("region", { name: "Answer" }).waitFor();
  await page.context().close();
});

test("users and groups are searched on the server, and seen as a table and as JSON", async () => {
  const page = await open(browser, server);
  await signIn(page, `/connectors/scim/${contoso.id}/provisioned/users`);
  await page.getByText("150 in all").first().waitFor();
  await page.getByRole("row", { name: /user001@/ }).focus();
  await page.keyboard.press("End");
  await page.getByRole("row", { name: /user150@/ }).waitFor();
  await page.getByLabel("Search users").fill("e-77");
  await page.getByRole("row", { name: /user077@/ }).click();
  await page.getByRole("row", { name: `${ENTERPRISE}.department Sales` }).waitFor();
  await page.getByRole("tab", { name: "JSON" }).click();
  await page.getByRole("region", { name: "JSON" }).getByText('"externalId": "e-77"').waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("tab", { name: "Groups" }).click();
  await page.getByRole("row", { name: /Sales/ }).click();
  await page.getByRole("row", { name: "displayName Sales" }).waitFor();
  await page.context().close();
});

test("the members of a group of thousands are gone through, searched, and lead to the user", async () => {
  const northwind = await server.tenant("northwind");
  const ids: string[] = [];
  for (let number = 1; number <= 1100; number += 1) {
    const made = await northwind.scim("POST", "/Users", { schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"], userName: `member${String(number).padStart(4, "0")}@northwind.example` });
    ids.push(((await made.json()) as { id: string }).id);
  }
  await northwind.scim("POST", "/Groups", { schemas: ["urn:ietf:params:scim:schemas:core:2.0:Group"], displayName: "Everybody", members: ids.map((value) => ({ value })) });
  const page = await open(browser, server);
  await signIn(page, `/connectors/scim/${northwind.id}/provisioned/groups`);
  await page.getByRole("row", { name: "Everybody" }).click();
  await page.getByRole("tab", { name: "Members" }).click();
  const drawer = page.getByRole("dialog");
  await drawer.getByText("1,100 in all").waitFor();
  await expectAccessible(page);
  await drawer.getByRole("row", { name: /member0001@/ }).focus();
  await page.keyboard.press("End");
  await drawer.getByRole("row", { name: /member1100@/ }).waitFor();
  await drawer.getByLabel("Search members").fill("member0777");
  await drawer.getByText("1 in all").waitFor();
  await drawer.getByRole("row", { name: /member0777@/ }).click();
  await drawer.getByRole("row", { name: "userName member0777@northwind.example" }).waitFor();
  await page.waitForURL(/provisioned\/users\?one=/);
  await page.context().close();
});

test("a schema extension gets attributes, and loses one", async () => {
  const page = await open(browser, server);
  await signIn(page, `/connectors/scim/${contoso.id}/schemas`);
  await page.getByRole("button", { name: "New schema extension" }).click();
  const urn = "urn:ietf:params:scim:schemas:extension:contoso:2.0:User";
  await page.getByRole("textbox", { name: "URN", exact: true }).fill(urn);
  await page.getByRole("textbox", { name: "Attribute", exact: true }).fill("badge");
  await page.getByRole("checkbox", { name: "Clients filter by it" }).check();
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByRole("row", { name: /badge string indexed/ }).waitFor();
  await page.getByRole("button", { name: "Add attribute" }).click();
  await page.getByRole("textbox", { name: "Attribute", exact: true }).fill("desk");
  await page.getByLabel("Type", { exact: true }).selectOption("integer");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByRole("row", { name: /desk integer/ }).waitFor();
  await page.getByRole("button", { name: "Remove badge" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Remove" }).click();
  await page.getByRole("row", { name: /badge/ }).waitFor({ state: "detached" });
  const { value } = await server.call<{ value: { id: string; attributes: { name: string; type: string }[] }[] }>("GET", `/provost/v1/tenants/${contoso.id}/schemas`);
  expect(value).toMatchObject([{ id: urn, attributes: [{ name: "desk", type: "integer" }] }]);
  await page.context().close();
});

test("a tenant is made, found, renamed and deleted; its settings are saved", async () => {
  const page = await open(browser, server);
  await signIn(page, "/connectors/scim");
  await page.getByRole("button", { name: "New tenant" }).click();
  await page.getByRole("textbox", { name: "Name", exact: true }).fill("contoso");
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByRole("textbox", { name: "Name", description: /already/ }).waitFor();
  await page.getByRole("textbox", { name: "Name", exact: true }).fill("fabrikam");
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByLabel("SCIM Authentication Token", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Go to the tenant" }).click();
  await page.getByRole("heading", { level: 1, name: "fabrikam" }).waitFor();
  await page.getByRole("tab", { name: "Settings" }).click();
  await page.getByRole("checkbox", { name: "External IDs are unique" }).check();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved", { exact: true }).last().waitFor();
  expect(await server.call("GET", "/provost/v1/tenants/fabrikam")).toMatchObject({ settings: { uniqueExternalIds: true } });
  await page.getByRole("link", { name: "SCIM" }).first().click();
  await page.getByLabel("Search tenants").fill("fabri");
  await page.getByText("1 in all").first().waitFor();
  await page.getByRole("button", { name: "Actions for fabrikam" }).click();
  await page.getByRole("menuitem", { name: "Rename" }).click();
  await page.getByRole("textbox", { name: "Name", exact: true }).fill("fabrikam-2");
  await page.getByRole("button", { name: "Rename" }).click();
  await page.getByRole("row", { name: /fabrikam-2/ }).click();
  await page.getByRole("tab", { name: "Audit log" }).click();
  await page.getByRole("row", { name: /Update tenant/ }).first().click();
  await page.getByRole("row", { name: "name fabrikam fabrikam-2" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Delete" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel(/Type fabrikam-2/).fill("fabrikam-2");
  await dialog.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("heading", { level: 1, name: "SCIM" }).waitFor();
  const { value } = await server.call<{ value: unknown[] }>("GET", "/provost/v1/tenants?contains=fabrikam");
  expect(value).toEqual([]);
  await page.context().close();
});
