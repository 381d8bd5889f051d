import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { browser as launch, expectAccessible, open, Server, signIn } from "./fixture";
import { assign, cycle, type Provisioned, provisioned, userId } from "./provisioned";
import { RefusingTarget } from "./target";

let server: Server;
let browser: Browser;
let target: RefusingTarget;
let app: Provisioned;

beforeAll(async () => {
  target = await RefusingTarget.start();
  server = await Server.start();
  await server.administrator();
  await server.users(3);
  app = await provisioned(server, "Shelves");
  await server.call("PUT", `/v1.0/servicePrincipals/${app.application}/synchronization/secrets`, { value: [{ key: "BaseAddress", value: target.url }] });
  for (const number of [1, 2]) await assign(server, app, await userId(server, `user0000${number}@contoso.example`));
  await cycle(server, app);
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
  await target?.stop();
});

test("what failed leads to the log of it, from the overview and from the application's", async () => {
  const page = await open(browser, server);
  await signIn(page, "/overview");
  const chart = page.getByRole("group", { name: "Failures by the hour" });
  await chart.getByRole("link").last().focus();
  await expectAccessible(page);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Provisioning logs" }).waitFor();
  await page.getByText("2 so far").or(page.getByText("2 in all")).first().waitFor();
  expect(await page.getByLabel("Status").inputValue()).toBe("failure");
  expect(await page.getByLabel("From", { exact: true }).inputValue()).toMatch(/:00$/);
  expect(await page.getByLabel("To", { exact: true }).inputValue()).toMatch(/:59$/);

  await page.goto("/console/overview");
  await page.getByRole("link", { name: /^2 failed in Shelves/ }).click();
  await page.getByRole("row", { name: /user00001@contoso.example Create Shelves Failure/ }).waitFor();
  expect(await page.getByLabel("Application").inputValue()).toBe(app.application);

  await page.goto(`/console/applications/${app.application}`);
  await page.getByRole("heading", { level: 1, name: "Shelves" }).waitFor();
  await expectAccessible(page);
  await page.getByRole("link", { name: /^2 failed: provisioning logs/ }).click();
  await page.getByRole("heading", { level: 1, name: "Shelves | Provisioning logs" }).waitFor();
  await page.getByRole("row", { name: /user00002@contoso.example Create Failure/ }).waitFor();
  await page.goto(`/console/applications/${app.application}`);
  await page.getByRole("link", { name: /^2 failed, tried again later/ }).click();
  await page.getByRole("row", { name: /user00002@contoso.example Create Failure/ }).waitFor();
  // Whoever never was in scope is in no entry, which the list says.
  await page.goto(`/console/applications/${app.application}`);
  await page.getByRole("link", { name: /^1 skipped/ }).click();
  await page.getByText(/Whoever was never in scope is not in the log/).waitFor();
  await page.context().close();
});
