import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { browser as launch, open, Server, signIn } from "./fixture";

let server: Server;
let browser: Browser;

beforeAll(async () => {
  server = await Server.start();
  await server.administrator();
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

test("while the server is gone a banner says so, and what was typed is kept and saved once it is back", async () => {
  const page = await open(browser, server);
  await signIn(page);
  await page.getByRole("button", { name: "New user" }).click();
  await page.getByLabel("Display name").fill("Grace Hopper");
  await page.getByLabel("User principal name").fill("grace@contoso.example");
  await page.getByLabel("Mail nickname").fill("grace");
  await server.pause();
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByText("What you typed is kept").waitFor();
  await server.resume();
  await page.getByText("What you typed is kept").waitFor({ state: "detached" });
  expect(await page.getByLabel("Display name").inputValue()).toBe("Grace Hopper");
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByRole("heading", { level: 1, name: "Grace Hopper" }).waitFor();
  await page.context().close();
});

test("a session that has ended leads to the sign-in page", async () => {
  const page = await open(browser, server);
  await signIn(page);
  const other = await page.context().newPage();
  await other.goto("/console/users");
  await other.getByRole("button", { name: /^Account/ }).click();
  await other.getByRole("menuitem", { name: "Sign out", exact: true }).click();
  await other.getByRole("heading", { name: "Sign in" }).waitFor();
  await page.getByLabel("Search users").fill("grace");
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  expect(new URL(page.url()).searchParams.get("from")).toContain("/users");
  await page.context().close();
});
