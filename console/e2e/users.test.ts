import type { Browser, Locator } from "playwright-core";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

import { browser as launch, open, Server, signIn } from "./fixture";

let server: Server;
let browser: Browser;

async function hasFocus(of: Locator): Promise<void> {
  expect(await of.evaluate((it) => it === document.activeElement)).toBe(true);
}

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
  const disable = page.getByRole("button", { name: "Disable" });
  const asked = page.getByRole("alertdialog");
  await disable.focus();
  await page.keyboard.press("Enter");
  // What takes something away is not what Enter presses, and the focus comes back to where it was.
  await vi.waitFor(() => hasFocus(asked.getByRole("button", { name: "Cancel" })), 5_000);
  await page.keyboard.press("Enter");
  await asked.waitFor({ state: "detached" });
  await vi.waitFor(() => hasFocus(disable), 5_000);
  await page.keyboard.press("Enter");
  await vi.waitFor(() => hasFocus(asked.getByRole("button", { name: "Cancel" })), 5_000);
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Enter");
  await page.getByText("The account is disabled.").waitFor();
  const query = `?$filter=${encodeURIComponent("userPrincipalName eq 'user04321@contoso.example'")}`;
  const { value } = await server.call<{ value: { jobTitle: string; accountEnabled: boolean }[] }>("GET", `/v1.0/users${query}`);
  expect(value[0]).toMatchObject({ jobTitle: "Analyst", accountEnabled: false });
  await page.context().close();
});

test("the focus comes back to the row whose details were open", async () => {
  const page = await open(browser, server);
  await signIn(page, "/audit");
  const row = page.locator("[data-row='2']");
  await page.locator("[data-row='0']").focus();
  for (const key of ["ArrowDown", "ArrowDown", "Enter"]) await page.keyboard.press(key);
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await vi.waitFor(() => hasFocus(row), 5_000);
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
