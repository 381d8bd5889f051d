import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

import { browser as launch, expectAccessible, open, Server, signIn } from "./fixture";
import { Receiver } from "./receiver";

interface Event {
  type: string;
  data: { id?: string; resource?: { userName: string } };
}
type Verify = (secret: string, headers: unknown, body: string) => Event;

let server: Server;
let browser: Browser;
let contoso: Awaited<ReturnType<Server["tenant"]>>;
let receiver: Receiver;
let verified: Verify;
const folder = mkdtempSync(join(tmpdir(), "provost-example-"));

beforeAll(async () => {
  server = await Server.start();
  await server.administrator();
  contoso = await server.tenant("contoso");
  receiver = await Receiver.start();
  browser = await launch();
  // As the manual shows how an application verifies what it gets.
  const manual = readFileSync(join(import.meta.dirname, "..", "..", "docs", "webhooks.md"), "utf8");
  const example = join(folder, "verify.mjs");
  writeFileSync(example, /```js\n([\s\S]*?)```/.exec(manual)![1]!);
  ({ verified } = (await import(/* @vite-ignore */ pathToFileURL(example).href)) as { verified: Verify });
});

afterAll(async () => {
  await browser?.close();
  await receiver?.stop();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const user = async (userName: string) => {
  const made = await contoso.scim("POST", "/Users", { schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"], userName });
  expect(made.status).toBe(201);
  return ((await made.json()) as { id: string }).id;
};
const told = (type: string) => receiver.received.filter(({ body }) => (JSON.parse(body) as Event).type === type);
const secretOf = async (page: Page) => {
  const field = page.getByLabel("Signing secret", { exact: true });
  await field.waitFor();
  const secret = await field.inputValue();
  await page.getByRole("button", { name: "Close" }).click();
  await field.waitFor({ state: "detached" });
  return secret;
};
const choose = async (page: Page, action: string) => {
  await page.getByRole("button", { name: /^Actions for/ }).click();
  await page.getByRole("menuitem", { name: action }).click();
};
const url = () => `/connectors/scim/${contoso.id}/webhooks`;
const webhooks = async () => (await server.call<{ value: { enabled: boolean; events: string[]; description: string }[] }>("GET", `/provost/v1/tenants/${contoso.id}/webhooks`)).value;

test("a webhook is made, tested, told of users, and its secret is replaced", async () => {
  const page = await open(browser, server);
  await signIn(page, `/connectors/scim/${contoso.id}`);
  await page.getByRole("tab", { name: "Webhooks" }).click();
  await page.getByText("There is no webhook: nobody is told.").waitFor();
  await expectAccessible(page);
  await page.getByRole("button", { name: "New webhook" }).click();
  await page.getByLabel("Address").fill("http://169.254.169.254/latest");
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByText(/cloud metadata address/).waitFor();
  await page.getByLabel("Address").fill(receiver.url);
  await page.getByLabel("Description").fill("The app");
  await expectAccessible(page);
  await page.getByRole("button", { name: "Create" }).click();
  const secret = await secretOf(page);

  receiver.answer = "welcome";
  await choose(page, "Send test event");
  await page.getByText("The application acknowledged the event.").waitFor();
  await page.getByRole("region", { name: "Answer" }).getByText("welcome").waitFor();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Close" }).click();
  const [first] = told("webhook.test");
  expect(verified(secret, first!.headers, first!.body).type).toBe("webhook.test");
  expect(() => verified(secret, first!.headers, `${first!.body} `)).toThrow("not signed");

  const ada = await user("ada@contoso.example");
  await vi.waitFor(() => expect(told("user.created")).toHaveLength(1), 15_000);
  const created = verified(secret, told("user.created")[0]!.headers, told("user.created")[0]!.body);
  expect(created.data).toMatchObject({ id: ada, resource: { userName: "ada@contoso.example" } });

  await choose(page, "Rotate secret");
  await page.getByLabel("The old secret ends").selectOption("In an hour");
  await page.getByRole("button", { name: "Rotate" }).click();
  const second = await secretOf(page);
  await choose(page, "Send test event");
  await page.getByText("The application acknowledged the event.").waitFor();
  await page.getByRole("button", { name: "Close" }).click();
  const last = told("webhook.test").at(-1)!;
  for (const each of [secret, second]) expect(verified(each, last.headers, last.body).type).toBe("webhook.test");

  await choose(page, "Edit");
  for (const name of ["User created", "User updated", "Group created", "Group or its members updated", "Group deleted"]) await page.getByRole("checkbox", { name }).uncheck();
  await page.getByLabel("Description").fill("Leavers");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("row", { name: /Leavers user\.deleted/ }).waitFor();
  await choose(page, "Disable");
  await page.getByRole("row", { name: /Disabled/ }).waitFor();
  expect(await webhooks()).toMatchObject([{ enabled: false, events: ["user.deleted"], description: "Leavers" }]);
  await choose(page, "Enable");
  await page.getByRole("row", { name: /Working/ }).waitFor();
  await page.context().close();
});

test("what fails is seen, with its answer, and sent again", async () => {
  const page = await open(browser, server);
  await signIn(page, url());
  receiver.status = 503;
  receiver.answer = "down for repair";
  const id = await user("leaver@contoso.example");
  await contoso.scim("DELETE", `/Users/${id}`);
  await page.getByRole("button", { name: receiver.url, exact: true }).click();
  const row = page.getByRole("row", { name: new RegExp(`user\\.deleted User ${id}`) });
  await row.getByText("Trying again").waitFor();
  await page.getByLabel("Outcome").selectOption("Waiting");
  await row.focus();
  await page.keyboard.press("Enter");
  await page.getByText(/The endpoint answered 503/).first().waitFor();
  await page.getByRole("region", { name: "Answer" }).getByText("down for repair").waitFor();
  await page.keyboard.press("Escape");
  receiver.status = 200;
  await page.getByLabel("Outcome").selectOption("Delivered");
  await row.getByText("Delivered").waitFor({ timeout: 30_000 });
  const before = told("user.deleted").length;
  await row.click();
  await page.getByRole("button", { name: "Send again" }).click();
  await vi.waitFor(() => expect(told("user.deleted").length).toBe(before + 1), 15_000);
  const ids = told("user.deleted").map(({ headers }) => headers["webhook-id"]);
  expect(new Set(ids).size).toBe(1);

  await page.getByRole("button", { name: "Replay" }).click();
  const moment = new Date(Date.now() - 3_600_000).toISOString().slice(0, 16);
  await page.getByLabel("Since", { exact: true }).fill(moment);
  await page.getByRole("dialog").getByRole("button", { name: "Replay" }).click();
  await vi.waitFor(() => expect(new Set(told("user.deleted").map(({ headers }) => headers["webhook-id"])).size).toBe(2), 15_000);
  await page.getByLabel("Outcome").selectOption("All");
  await page.getByLabel("Search deliveries").fill("webhook.test");
  await page.getByText("2 in all").first().waitFor();
  await page.context().close();
});

test("an endpoint that is gone disables the webhook, and the page says why", async () => {
  const page = await open(browser, server);
  await signIn(page, url());
  receiver.status = 410;
  const id = await user("gone@contoso.example");
  await contoso.scim("DELETE", `/Users/${id}`);
  await page.getByRole("row", { name: /Disabled/ }).waitFor();
  await page.getByRole("button", { name: receiver.url, exact: true }).click();
  await page.getByText("The webhook was disabled.").waitFor();
  await page.getByText(/410 Gone/).first().waitFor();
  await expectAccessible(page);
  receiver.status = 200;
  await page.getByRole("button", { name: "All webhooks" }).click();
  await choose(page, "Enable");
  await page.getByRole("row", { name: /Working/ }).waitFor();
  await page.context().close();
});

test("a webhook is deleted", async () => {
  const page = await open(browser, server);
  await signIn(page, url());
  await choose(page, "Delete");
  await page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
  await page.getByText("There is no webhook: nobody is told.").waitFor();
  expect(await webhooks()).toEqual([]);
  await page.context().close();
});
