import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { browser as launch, open, Server, signIn } from "./fixture";
import { type Provisioned, provisioned, until } from "./provisioned";

let server: Server;
let browser: Browser;
let app: Provisioned;

interface Schema {
  synchronizationRules: {
    objectMappings: {
      sourceObjectName: string;
      flowTypes: string;
      scope: unknown;
      attributeMappings: { targetAttributeName: string; matchingPriority: number; flowType: string; source: { type: string; expression: string } | null }[];
    }[];
  }[];
}

/** The mapping of users as the API has it. */
async function users() {
  const { synchronizationRules } = await server.call<Schema>("GET", `${app.path}/schema`);
  return synchronizationRules[0]!.objectMappings.find((it) => it.sourceObjectName === "User")!;
}

beforeAll(async () => {
  server = await Server.start();
  await server.administrator();
  await server.users(300);
  app = await provisioned(server, "OfficeSpace");
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

test("an expression is written, tried with somebody, corrected and saved", async () => {
  const page = await open(browser, server);
  await signIn(page);
  await page.goto(`/console/applications/${app.application}/mappings`);
  await page.getByRole("link", { name: /Provision .*Users/ }).click();
  await page.getByRole("button", { name: "displayName", exact: true }).click();
  const drawer = page.getByRole("dialog");
  await drawer.getByLabel("Mapping type").selectOption("Expression");
  await drawer.getByRole("textbox", { name: /^Expression/ }).fill('Join(" ", [department], [displayNam])');
  await drawer.getByText("did you mean [displayName]?").first().waitFor();
  const wrong = await drawer.getByLabel("Where the expression is wrong").innerText();
  expect(wrong.split("\n")).toEqual(['Join(" ", [department], [displayNam])', `${" ".repeat(24)}${"^".repeat(12)}`]);
  await drawer.getByRole("textbox", { name: /^Expression/ }).fill('Join(" ", [department], )');
  await drawer.getByRole("textbox", { name: /^Expression/ }).press("End");
  await page.keyboard.press("ArrowLeft");
  await drawer.getByLabel("Insert attribute").pressSequentially("displayN");
  await page.getByRole("option", { name: "displayName" }).click();
  await drawer.getByLabel("Try it with a user").pressSequentially("User 00042");
  await page.getByRole("option", { name: /User 00042/ }).click();
  await drawer.getByText("Finance User 00042").first().waitFor();
  await drawer.getByRole("button", { name: "OK", exact: true }).click();
  await drawer.waitFor({ state: "detached" });
  await page.getByText(/The next cycle (looks at|is an initial one)/).first().waitFor();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText(/^Saved\./).first().waitFor();
  const saved = (await users()).attributeMappings.find((it) => it.targetAttributeName === "displayName");
  expect(saved?.source).toMatchObject({ type: "Function", expression: 'Join(" ", [department], [displayName])' });
  await page.context().close();
});

test("a mapping is added, matched by, moved and deleted, and what the server refuses stays in the form", async () => {
  const page = await open(browser, server);
  await signIn(page);
  await page.goto(`/console/applications/${app.application}/mappings/User`);
  await page.getByRole("button", { name: "Add New Mapping" }).click();
  const drawer = page.getByRole("dialog");
  await drawer.getByRole("button", { name: "OK", exact: true }).click();
  await drawer.getByText("Choose the attribute that is written.").first().waitFor();
  const source = drawer.getByLabel("Source attribute");
  await source.pressSequentially("employee");
  await page.keyboard.press("Tab");
  expect(await source.inputValue()).toBe("employee");
  await source.fill("eeId");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  expect(await source.inputValue()).toBe("employeeId");
  await drawer.getByRole("combobox", { name: /^Target attribute/ }).fill("shoeSize");
  await drawer.getByRole("button", { name: "OK", exact: true }).click();
  await drawer.getByRole("alert").getByText(/shoeSize/).first().waitFor();
  await drawer.getByRole("combobox", { name: /^Target attribute/ }).fill("nickName");
  await page.keyboard.press("Tab");
  await drawer.getByLabel("Match objects using this attribute").selectOption("Yes");
  await drawer.getByLabel("Apply this mapping").selectOption({ label: "Only during object creation" });
  await drawer.getByRole("button", { name: "OK", exact: true }).click();
  await drawer.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Match by nickName earlier" }).click();
  await page.getByRole("checkbox", { name: "Delete" }).uncheck();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText(/^Saved\./).first().waitFor();
  const saved = await users();
  expect(saved.flowTypes).toBe("Add, Update");
  const added = saved.attributeMappings.find((it) => it.targetAttributeName === "nickName");
  expect(added).toMatchObject({ matchingPriority: 1, flowType: "ObjectAddOnly" });
  await page.getByRole("button", { name: "Delete the mapping of nickName" }).click();
  await page.getByRole("link", { name: "Scoping filters" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("button", { name: "Save" }).click();
  await until(async () => !(await users()).attributeMappings.some((it) => it.targetAttributeName === "nickName"));
  await page.getByRole("link", { name: "Mappings", exact: true }).click();
  await page.getByRole("button", { name: "Restore default mappings" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Restore" }).click();
  await page.getByText(/The default mappings are restored/).first().waitFor();
  expect((await users()).flowTypes).toBe("Add, Update, Delete");
  await page.context().close();
});

test("what somebody else saved meanwhile is not overwritten", async () => {
  const page = await open(browser, server);
  await signIn(page);
  await page.goto(`/console/applications/${app.application}/mappings/User`);
  await page.getByRole("checkbox", { name: "Create" }).uncheck();
  const schema = await server.call<Schema>("GET", `${app.path}/schema`);
  schema.synchronizationRules[0]!.objectMappings.find((it) => it.sourceObjectName === "User")!.flowTypes = "Add";
  await server.call("PUT", `${app.path}/schema`, schema);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Somebody else has changed the mappings meanwhile.").first().waitFor();
  await page.getByRole("button", { name: "Read again" }).click();
  await until(async () => !(await page.getByRole("checkbox", { name: "Update" }).isChecked()));
  expect((await users()).flowTypes).toBe("Add");
  await server.call("DELETE", `${app.path}/schema`);
  await page.context().close();
});

test("a scoping filter is tried on the directory before it is saved", async () => {
  const page = await open(browser, server);
  await signIn(page);
  await page.goto(`/console/applications/${app.application}/scoping`);
  await page.getByText("Of 300 users, 300 pass.").first().waitFor();
  await page.getByRole("button", { name: "Add scoping filter" }).click();
  await page.getByLabel("Source attribute").fill("department");
  await page.getByLabel("Value").fill("Sales");
  await page.getByText("Of 300 users, 100 pass.").first().waitFor();
  await page.getByRole("listitem").filter({ hasText: 'department EQUALS "Sales"' }).first().waitFor();
  await page.getByRole("button", { name: "Add clause" }).click();
  const second = page.getByRole("group", { name: "Clause 2" });
  await second.getByLabel("Source attribute").fill("mail");
  await second.getByLabel("Operator").selectOption("IS NULL");
  await page.getByText("Of 300 users, 100 pass.").first().waitFor();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText(/^Saved\./).first().waitFor();
  expect((await users()).scope).toMatchObject({
    groups: [{ clauses: [
      { sourceOperandName: "department", operatorName: "EQUALS", targetOperand: { values: ["Sales"] } },
      { sourceOperandName: "mail", operatorName: "IS NULL", targetOperand: { values: [] } },
    ] }],
  });
  await page.context().close();
});
