import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { browser as launch, open, Server, signIn } from "./fixture";

let server: Server;
let browser: Browser;

beforeAll(async () => {
  server = await Server.start();
  await server.administrator();
  await server.users(20);
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

const HEAD = "userPrincipalName,displayName,department,accountEnabled";
const csv = (rows: string[]) => ({ name: "users.csv", mimeType: "text/csv", buffer: Buffer.from([HEAD, ...rows].join("\n")) });
const CHANGES = csv(["user00001@contoso.example,User One,Sales,true", "user00002@contoso.example,User 00002,Engineering,true", "grace@contoso.example,Grace Hopper,Navy,true", "nobody,,,perhaps"]);

test("a file is looked at before it is imported, and says what is wrong with its rows", async () => {
  const page = await open(browser, server);
  await signIn(page, "/import/users");
  await page.locator("input[type=file]").setInputFiles(CHANGES);
  await page.getByRole("button", { name: "Preview changes" }).click();
  await page.getByRole("heading", { name: "What would change" }).waitFor();
  await page.getByRole("row", { name: /^5 / }).waitFor();
  await page.getByRole("button", { name: "Changed: user00001@contoso.example" }).click();
  const differences = page.getByRole("table", { name: "Changed: user00001@contoso.example" });
  await differences.getByRole("row", { name: "displayName User 00001 User One" }).waitFor();
  const found = () => server.call<{ value: unknown[] }>("GET", `/v1.0/users?$filter=${encodeURIComponent("userPrincipalName eq 'grace@contoso.example'")}`);
  expect((await found()).value).toHaveLength(0);
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await page.getByRole("heading", { name: "What was done" }).waitFor();
  expect((await found()).value).toHaveLength(1);
  await page.context().close();
});

test("a file that would have too many leave keeps them, until their number is allowed", async () => {
  const page = await open(browser, server);
  await signIn(page, "/import/users");
  await page.locator("input[type=file]").setInputFiles(csv(["user00001@contoso.example,User One,Sales,true"]));
  await page.getByRole("checkbox", { name: /names everybody/ }).check();
  await page.getByRole("button", { name: "Preview changes" }).click();
  await page.getByText("20 users are not in the file, and stay").waitFor();
  await page.getByLabel("Users that may leave this time").fill("20");
  await page.getByRole("button", { name: "Preview changes" }).click();
  await page.getByRole("button", { name: "Leaving: 20" }).click();
  await page.getByText("grace@contoso.example").waitFor();
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await page.getByRole("heading", { name: "What was done" }).waitFor();
  expect(await server.call("GET", "/v1.0/users/$count")).toBe(1);
  await page.context().close();
});

test("a schedule is set, run and ended, and a wrong one is told where it is wrong", async () => {
  const page = await open(browser, server);
  await signIn(page, "/import/users");
  await page.getByText("No file is imported by itself.").waitFor();
  await page.getByLabel("Name of the file").fill("users.csv");
  await page.getByRole("radio", { name: "At a time of day" }).check();
  await page.getByLabel("Time zone").fill("Europe/Nowhere");
  await page.getByRole("button", { name: "Save schedule" }).click();
  await page.getByRole("textbox", { name: "Time zone", description: /IANA/ }).waitFor();
  await page.getByLabel("Time zone").fill("Europe/Berlin");
  await page.getByRole("button", { name: "Save schedule" }).click();
  await page.getByRole("button", { name: "End the schedule" }).waitFor();
  expect(await server.call("GET", "/provost/v1/users/import/schedule")).toMatchObject({ schedule: { file: "users.csv", when: { at: expect.stringMatching(/^02:30/) as string, timeZone: "Europe/Berlin" } } });
  await page.getByRole("button", { name: "Import now" }).click();
  await page.getByText(/there is no file users.csv/).waitFor();
  await page.getByRole("button", { name: "End the schedule" }).click();
  await page.getByText("No file is imported by itself.").waitFor();
  await page.context().close();
});
