import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { browser as launch, open, Server, signIn } from "./fixture";

let server: Server;
let browser: Browser;

beforeAll(async () => {
  server = await Server.start();
  await server.administrator();
  await server.users(5_000);
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

test("who is not signed in signs in first, and comes to where they were going", async () => {
  const page = await open(browser, server);
  await page.goto("/console/users?search=User+00042");
  await page.getByLabel("Sign-in name").fill("ada@contoso.example");
  await page.getByRole("textbox", { name: "Password" }).fill("wrong wrong wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").waitFor();
  await page.getByRole("textbox", { name: "Password" }).fill("correct horse battery staple");
  await page.keyboard.press("Enter");
  await page.getByRole("row", { name: /User 00042/ }).waitFor();
  expect(new URL(page.url()).pathname).toBe("/console/users");
  await page.context().close();
});

test("a user is found, changed and disabled with the keyboard alone", async () => {
  const page = await open(browser, server);
  await signIn(page);
  await page.getByLabel("Search users").focus();
  await page.keyboard.type("User 04321");
  await page.getByText("1 in all").waitFor();
  await page.getByRole("row", { name: /User 04321/ }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "User 04321" }).waitFor();
  await page.getByLabel("Job title").focus();
  await page.keyboard.type("Analyst");
  await page.keyboard.press("Enter");
  await page.getByText("Saved", { exact: true }).last().waitFor();
  await page.getByRole("button", { name: "Disable" }).focus();
  await page.keyboard.press("Enter");
  await page.getByText("The account is disabled.").waitFor();
  const query = `?$filter=${encodeURIComponent("userPrincipalName eq 'user04321@contoso.example'")}`;
  const { value } = await server.call<{ value: { jobTitle: string; accountEnabled: boolean }[] }>("GET", `/v1.0/users${query}`);
  expect(value[0]).toMatchObject({ jobTitle: "Analyst", accountEnabled: false });
  await page.context().close();
});

test("a list of thousands keeps few rows in the document and is gone through to its end", async () => {
  const page = await open(browser, server);
  await signIn(page);
  await page.getByRole("row", { name: /User 00001/ }).focus();
  expect(await page.getByRole("row").count()).toBeLessThan(60);
  await page.keyboard.press("End");
  await page.getByRole("row", { name: /User 05000/ }).waitFor();
  expect(await page.getByRole("row").count()).toBeLessThan(60);
  expect(await page.evaluate(() => document.activeElement?.getAttribute("aria-rowindex"))).toBe("5001");
  await page.context().close();
});
