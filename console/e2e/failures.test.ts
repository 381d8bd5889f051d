import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";

import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { browser as launch, expectAccessible, open, Server, signIn } from "./fixture";
import { assign, cycle, type Provisioned, provisioned, userId } from "./provisioned";

let server: Server;
let browser: Browser;
let refusing: HttpServer;
let app: Provisioned;

/** A SCIM service that has nobody, and takes nobody. */
function refuse(): Promise<HttpServer> {
  const found = createServer((request, response) => {
    request.resume().on("end", () => {
      const empty = { schemas: ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], totalResults: 0, Resources: [] };
      const refusal = { schemas: ["urn:ietf:params:scim:api:messages:2.0:Error"], status: "400", detail: "Nobody is taken here." };
      const [status, body] = request.method === "GET" ? [200, empty] : [400, refusal];
      response.writeHead(status as number, { "Content-Type": "application/scim+json" }).end(JSON.stringify(body));
    });
  });
  return new Promise((resolve) => found.listen(0, "127.0.0.1", () => resolve(found)));
}

beforeAll(async () => {
  refusing = await refuse();
  server = await Server.start();
  await server.administrator();
  await server.users(3);
  app = await provisioned(server, "Shelves");
  const address = `http://127.0.0.1:${(refusing.address() as AddressInfo).port}/scim`;
  await server.call("PUT", `/v1.0/servicePrincipals/${app.application}/synchronization/secrets`, { value: [{ key: "BaseAddress", value: address }] });
  for (const number of [1, 2]) await assign(server, app, await userId(server, `user0000${number}@contoso.example`));
  await cycle(server, app);
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
  refusing?.close();
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
  expect(await page.getByLabel("From (UTC)").inputValue()).toMatch(/:00$/);
  expect(await page.getByLabel("To (UTC)").inputValue()).toMatch(/:59$/);

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
