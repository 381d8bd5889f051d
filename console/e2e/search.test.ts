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

test("a search that waits for a pause does not keep anybody on the page", async () => {
  const page = await open(browser, server);
  await signIn(page);
  // The other page is long on its way: longer than a pause of typing lasts.
  let arrive!: () => void;
  const arrives = new Promise<void>((resolve) => (arrive = resolve));
  await page.route(/\/GroupsPage-.*\.js$/, async (route) => {
    await arrives;
    await route.continue();
  });
  await page.getByRole("navigation", { name: "Pages", exact: true }).getByRole("link", { name: "Groups" }).click();
  await page.waitForURL(/\/groups$/);
  await page.getByLabel("Search users").fill("turing");
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 1000)));
  arrive();
  await page.getByRole("heading", { level: 1, name: "Groups" }).waitFor();
  expect(new URL(page.url()).pathname).toBe("/console/groups");
  await page.context().close();
});
