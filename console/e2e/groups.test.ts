import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { browser as launch, open, Server, signIn } from "./fixture";

let server: Server;
let browser: Browser;

interface List {
  value: { id: string; displayName: string; description?: string }[];
}

beforeAll(async () => {
  server = await Server.start();
  await server.administrator();
  await server.users(200);
  const group = await server.call<{ id: string }>("POST", "/v1.0/groups", { displayName: "Sales", description: "Everybody who sells", mailNickname: "sales" });
  const { value } = await server.call<List>("GET", "/v1.0/users?$top=30&$orderby=displayName");
  for (const { id } of value) await server.call("POST", `/v1.0/groups/${group.id}/members/$ref`, { "@odata.id": `/users/${id}` });
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

async function one(path: string, name: string) {
  const { value } = await server.call<List>("GET", `${path}?$filter=${encodeURIComponent(`displayName eq '${name}'`)}`);
  return value[0];
}

test("a group is made, gets a user and a group as members, and loses one, with the keyboard alone", async () => {
  const page = await open(browser, server);
  await signIn(page, "/groups");
  await page.getByRole("button", { name: "New group" }).focus();
  await page.keyboard.press("Enter");
  await page.getByLabel("Group name").focus();
  await page.keyboard.type("Europe");
  await page.keyboard.press("Tab");
  await page.keyboard.type("All of it");
  await page.getByRole("button", { name: "Create" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Europe" }).waitFor();
  await page.getByText("The group has no members yet.").waitFor();
  await page.getByRole("button", { name: "Add members" }).focus();
  await page.keyboard.press("Enter");
  const picker = page.getByRole("combobox", { name: "User or group" });
  for (const name of ["Sales", "User 00150"]) {
    await picker.focus();
    await page.keyboard.type(name);
    const option = page.getByRole("option", { name: new RegExp(name) });
    await option.waitFor();
    await expect.poll(() => page.getByRole("option").count()).toBe(1);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: `Do not add ${name}` }).waitFor();
  }
  await page.getByRole("button", { name: "Add", exact: true }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("row", { name: /User 00150/ }).waitFor();
  const europe = (await one("/v1.0/groups", "Europe"))!;
  const members = async () => (await server.call<List>("GET", `/v1.0/groups/${europe.id}/members`)).value.map((it) => it.displayName).sort();
  expect(await members()).toEqual(["Sales", "User 00150"]);

  await page.getByLabel("Search members").focus();
  await page.keyboard.type("00150");
  await page.getByText("1 in all").waitFor();
  await page.getByRole("row", { name: /User 00150/ }).focus();
  await page.keyboard.press("Space");
  await page.getByRole("button", { name: "Remove", exact: true }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("alertdialog").getByRole("button", { name: "Remove" }).focus();
  await page.keyboard.press("Enter");
  await page.getByText('No member is found by "00150"').waitFor();
  expect(await members()).toEqual(["Sales"]);

  await page.getByLabel("Search members").fill("");
  await page.getByRole("checkbox", { name: "Also members of nested groups" }).focus();
  await page.keyboard.press("Space");
  await page.getByText("31 in all").waitFor();
  await page.context().close();
});

test("what is typed at a refused name is kept, and groups are found and deleted", async () => {
  const page = await open(browser, server);
  await signIn(page, "/groups");
  await page.getByLabel("Search groups").fill("sale");
  await page.getByRole("row", { name: /Sales/ }).click();
  await page.getByRole("heading", { level: 1, name: "Sales" }).waitFor();
  const name = page.getByLabel("Group name");
  await name.fill(" ".repeat(3));
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("textbox", { name: "Group name", description: /displayName/ }).waitFor();
  await name.fill("Selling");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { level: 1, name: "Selling" }).waitFor();
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
  await page.getByRole("heading", { level: 1, name: "Groups" }).waitFor();
  expect(await one("/v1.0/groups", "Selling")).toBeUndefined();
  await server.call("POST", "/v1.0/groups", { displayName: "Sales", mailNickname: "sales" });
  await page.context().close();
});

test("a user gets a manager, and says in which groups they are", async () => {
  const page = await open(browser, server);
  const user = (await one("/v1.0/users", "User 00007"))!;
  const group = (await server.call<{ id: string }>("POST", "/v1.0/groups", { displayName: "Sevens", mailNickname: "sevens" })).id;
  await server.call("POST", `/v1.0/groups/${group}/members/$ref`, { "@odata.id": `/users/${user.id}` });
  await signIn(page, `/users/${user.id}`);
  await page.getByRole("link", { name: "Sevens" }).waitFor();
  await page.getByText("No manager.").waitFor();
  await page.getByRole("button", { name: "Add manager" }).click();
  await page.getByRole("combobox", { name: "Manager" }).fill("User 00011");
  await page.getByRole("option", { name: /User 00011/ }).click();
  await page.getByRole("link", { name: "User 00011" }).waitFor();
  expect(await server.call("GET", `/v1.0/users/${user.id}/manager`)).toMatchObject({ displayName: "User 00011" });
  await page.getByRole("button", { name: "Remove manager" }).click();
  await page.getByText("No manager.").waitFor();
  await page.context().close();
});

test("what fails for one of many is told, and done for the others", async () => {
  const page = await open(browser, server);
  await signIn(page, "/users?search=User+0019");
  for (const name of ["User 00191", "User 00192"]) await page.getByRole("checkbox", { name: `Select ${name}` }).check();
  const gone = (await one("/v1.0/users", "User 00191"))!.id;
  await server.call("DELETE", `/v1.0/users/${gone}`);
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
  await page.getByText("1 of 2 failed").waitFor();
  await page.getByRole("alert").getByText(/User 00191/).waitFor();
  await page.getByRole("button", { name: "Close" }).click();
  expect(await one("/v1.0/users", "User 00192")).toBeUndefined();
  await page.context().close();
});
