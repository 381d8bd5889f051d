import type { Browser, Page, Route } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";

import { browser as launch, expectAccessible, open, type Person, Server, signIn } from "./fixture";
import { pathOf, type View, VIEWS } from "./tour/views";
import { build, READER, TENANT, type World } from "./tour/world";

let world: World;
let browser: Browser;

beforeAll(async () => {
  world = await build();
  browser = await launch();
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await world?.stop();
});

/** Every page as it is before anything is done on it. */
const PAGES = VIEWS.filter(({ opened, signedOut }) => !opened && !signedOut);
/** Those that show something of the server's. */
const READING = PAGES.filter(({ readsNothing }) => !readsNothing);
/** Whatever a page reads but who is signed in. */
const READS = /\/(v1\.0|beta|provost\/v1\/(?!session))/;
const WAITS = "main :is([role=progressbar], [aria-busy=true], .fui-Skeleton)";

/** Somebody's page, on which nothing takes long. */
async function quick(who?: Person, at = "/users"): Promise<Page> {
  const page = await open(browser, world.server);
  page.setDefaultTimeout(5_000);
  await signIn(page, at, who);
  return page;
}

/** Looks at each page in turn, and fails with all that is wrong. */
async function each(views: View[], look: (view: View) => Promise<void>): Promise<void> {
  const wrong: string[] = [];
  for (const view of views) {
    await look(view).catch((error: unknown) => wrong.push(`${view.name}: ${String(error)} ${JSON.stringify((error as { actual?: unknown }).actual ?? "")}`));
  }
  expect(wrong).toEqual([]);
}

/** What is on the page now, once everything of it is drawn. */
async function drawn(page: Page): Promise<string> {
  await page.getByRole("main").waitFor();
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  return page.getByRole("main").innerText();
}

test("while a page is read it says so, and does not pretend that there is nothing", { timeout: 300_000 }, async () => {
  const page = await quick();
  await each(READING, async (view) => {
    const held: Route[] = [];
    await page.route(READS, (route) => void held.push(route));
    await page.goto(`/console${pathOf(view, world)}`);
    await vi.waitFor(() => expect(held).not.toEqual([]), 5_000);
    const text = await drawn(page);
    await page.locator(WAITS).first().waitFor();
    expect(text).not.toMatch(/\b(there (is|are) no|nothing|nobody|no \w+ (yet|is found)|0 in all|not set up)\b/i);
    await expectAccessible(page);
    await page.unrouteAll();
    for (const route of held) await route.continue().catch(() => undefined);
    await view.ready(page, world);
  });
  await page.context().close();
});

test("what cannot be read is told with its reason, and read when one tries again", { timeout: 300_000 }, async () => {
  const page = await quick();
  const refusal = { error: { code: "Error", message: "The disk does not answer.", innerError: { hint: "Look at the disk." } } };
  await each(READING, async (view) => {
    await page.route(READS, (route) => route.fulfill({ status: 409, contentType: "application/json", body: JSON.stringify(refusal) }));
    await page.goto(`/console${pathOf(view, world)}`);
    await page.getByRole("main").getByText("The disk does not answer.").first().waitFor();
    await page.getByText("Look at the disk.").first().waitFor();
    await expectAccessible(page);
    await page.unrouteAll();
    // What needed the others' answers first is asked for after these, and is read then.
    await vi.waitFor(async () => {
      for (const button of await page.getByRole("button", { name: "Try again" }).all()) await button.click({ timeout: 500 }).catch(() => undefined);
      expect(await page.getByText("The disk does not answer.").count()).toBe(0);
    }, 5_000);
    await view.ready(page, world);
  });
  await page.context().close();
});

test("a page says when the server is gone, and goes on by itself", { timeout: 300_000 }, async () => {
  const page = await quick();
  await page.clock.install();
  await each(READING, async (view) => {
    await page.route(/\/(v1\.0|beta|healthz|provost\/v1\/(?!session))/, (route) => route.abort());
    await page.goto(`/console${pathOf(view, world)}`);
    await page.getByRole("status").getByText("The server does not answer.").waitFor();
    await expectAccessible(page);
    await page.unrouteAll();
    await page.clock.fastForward(3_500);
    await view.ready(page, world);
    await vi.waitFor(async () => expect(await page.getByText("The server does not answer.").count()).toBe(0), 5_000);
  });
  await page.context().close();
});

/** Pages of which somebody sees a part, or which lead them to their own. */
const PARTLY: Record<string, string[]> = { [READER.signInName]: ["overview", "tenant"], [TENANT.signInName]: ["tenants"] };

for (const who of [READER, TENANT]) {
  test(`${who.displayName} sees on each page what there is, or who may see it`, { timeout: 300_000 }, async () => {
    const page = await quick(who, "/");
    await each(PAGES, async (view) => {
      await page.goto(`/console${pathOf(view, world)}`);
      await page.getByRole("heading", { level: 1 }).first().waitFor();
      await page.waitForLoadState("networkidle");
      await drawn(page);
      expect(await page.locator("main [role=progressbar]").count()).toBe(0);
      const denied = page.getByRole("main").getByText("Your roles do not permit this.").first();
      if (!(await denied.isVisible())) await view.ready(page, world).catch(() => expect(PARTLY[who.signInName]).toContain(view.name));
      expect(await page.getByRole("button", { name: "Try again" }).count()).toBe(0);
      // Nothing is offered that would be refused.
      const changes = page.getByRole("main").getByRole("button", { name: /^(New |Add |Delete|Remove|Restart|Start |Pause|Save|Create|Provision$|Rotate|Replay|Send |Actions for|Revoke|Disable|Repair|Compare)/ });
      if (who === READER || !page.url().includes(world.ids.tenant)) expect(await changes.count()).toBe(0);
      await expectAccessible(page);
    });
    await page.context().close();
  });
}

test("an installation that is new says on each page what there is to do", { timeout: 120_000 }, async () => {
  const server = await Server.start();
  onTestFinished(() => server.stop());
  await server.administrator();
  const page = await open(browser, server);
  await signIn(page, "/overview");
  const says = async (path: string, words: string | RegExp) => {
    await page.goto(`/console${path}`);
    await page.getByText(words).first().waitFor();
    await expectAccessible(page);
  };
  await says("/overview", "Nothing is provisioned yet");
  await says("/users", /no users/i);
  await says("/users?list=deleted", /recycle bin/i);
  await says("/groups", "There are no groups yet");
  await says("/applications", "There are no applications yet");
  await says("/connectors/scim", "There are no tenants yet.");
  const { id: tenant } = await server.call<{ id: string }>("POST", "/provost/v1/tenants", { name: "contoso" });
  const { id: group } = await server.call<{ id: string }>("POST", "/v1.0/groups", { displayName: "Nobody yet", mailEnabled: false, mailNickname: "nobody", securityEnabled: true });
  const { servicePrincipal } = await server.call<{ servicePrincipal: { id: string } }>("POST", "/v1.0/applicationTemplates/scim/instantiate", { displayName: "Desks" });
  const application = `/applications/${servicePrincipal.id}`;
  const scim = `/connectors/scim/${tenant}`;
  await says(`/groups/${group}`, /no members/i);
  await says("/applications?search=nothing", /is found/);
  await says(application, "Get started");
  await says(`${application}/users`, "Nobody is assigned yet.");
  await says(`${application}/scoping`, "There is none");
  await says(`${application}/drift`, "has not been compared yet");
  await says(`${application}/provisioning-logs`, /has nothing/);
  await says("/provisioning-logs", /has nothing/);
  await says(`${scim}/requests`, "No client has asked");
  await says(`${scim}/provisioned/users`, "No client has provisioned users yet.");
  await says(`${scim}/provisioned/groups`, "No client has provisioned groups yet.");
  await says(`${scim}/schemas`, "There are none");
  await says(`${scim}/webhooks`, "There is no webhook");
  await page.context().close();
});
