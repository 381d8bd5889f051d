import type { Page } from "playwright-core";

import { address, READER, TENANT, type World } from "./world";

/** A page of the console, or one with something open above it, as an administrator comes to see it. */
export interface View {
  /** The name of its picture. */
  name: string;
  /** The path that the router knows it by. */
  route: string;
  /** Where it is; the route where that has no parameters. */
  at?: (world: World) => string;
  /** Waits until it shows what there is; opens what opens above it. */
  ready: (page: Page, world: World) => Promise<unknown>;
  /** Whether something was opened above the page or filled in: the state of another view's page. */
  opened?: true;
  /** Whether there is nothing on it that is read from the server. */
  readsNothing?: true;
  /** Seen before somebody has signed in. */
  signedOut?: true;
}

const row = (page: Page, name: RegExp) => page.getByRole("row", { name }).first();
const text = (page: Page, found: string | RegExp) => page.getByText(found).first();
const press = (page: Page, name: string | RegExp) => page.getByRole("button", { name, exact: typeof name === "string" }).first().click();
const dialog = (page: Page) => page.locator("[role=dialog], [role=alertdialog]").filter({ visible: true }).first();

/** A view in which a button of another one's page has been pressed. */
const opening = (of: View, name: string, button: string | RegExp, then?: (page: Page, world: World) => Promise<unknown>): View => ({
  ...of,
  name,
  opened: true,
  ready: async (page, world) => {
    await of.ready(page, world);
    await press(page, button);
    await dialog(page).waitFor();
    await then?.(page, world);
  },
});

/** A view in which something was done on another one's page. */
const after = (of: View, name: string, then: (page: Page, world: World) => Promise<unknown>): View => ({
  ...of,
  name,
  opened: true,
  ready: async (page, world) => {
    await of.ready(page, world);
    await then(page, world);
  },
});

const CSV = `userPrincipalName,displayName,department\n${address(1)},Grace Becker,Operations\nnew.joiner@contoso.example,New Joiner,Sales\nwithout-a-domain,Broken,Sales\n`;

// The identity side.
const overview: View = { name: "overview", route: "/overview", ready: (page) => page.getByRole("region", { name: "In quarantine" }).getByRole("link", { name: "Desks" }).waitFor() };
const users: View = { name: "users", route: "/users", ready: (page) => row(page, /Ada Becker/).waitFor() };
const user: View = {
  name: "user",
  route: "/users/$id",
  at: ({ ids }) => `/users/${ids.user}`,
  ready: async (page) => {
    await page.getByRole("heading", { level: 1, name: "Grace Becker" }).waitFor();
    await page.getByRole("table", { name: "Last entries of the provisioning log" }).waitFor();
    await text(page, "Ada Becker").waitFor();
    await page.getByRole("link", { name: "Sales" }).waitFor();
  },
};
const importUsers: View = { name: "import-users", route: "/import/$kind", at: () => "/import/users", ready: (page) => text(page, "No file is imported by itself.").waitFor() };
const groups: View = { name: "groups", route: "/groups", ready: (page) => row(page, /Engineering/).waitFor() };
const group: View = {
  name: "group",
  route: "/groups/$id",
  at: ({ ids }) => `/groups/${ids.group}`,
  ready: async (page) => {
    await row(page, /Grace Becker/).waitFor();
    await page.getByRole("link", { name: "Europe" }).waitFor();
  },
};
const identity: View[] = [
  { name: "sign-in", route: "/sign-in", signedOut: true, ready: (page) => page.getByRole("textbox", { name: "Password" }).waitFor() },
  overview,
  opening(overview, "menu", "Menu", (page) => page.getByRole("dialog").getByRole("link", { name: "Users" }).waitFor()),
  after(overview, "account-menu", async (page) => {
    await press(page, /^Account/);
    await page.getByRole("menuitem", { name: "Sign out", exact: true }).waitFor();
  }),
  users,
  after(users, "users-delete", async (page) => {
    for (const name of ["Select Ada Becker", "Select Ada Dubois"]) await page.getByRole("checkbox", { name }).check();
    await press(page, "Delete");
    await dialog(page).waitFor();
  }),
  { name: "users-deleted", route: "/users", at: () => "/users?list=deleted", ready: (page) => row(page, /Linus Rossi/).waitFor() },
  { name: "new-user", route: "/users/new", readsNothing: true, ready: (page) => page.getByRole("button", { name: "Create" }).waitFor() },
  user,
  after(user, "user-why", async (page) => {
    await page.getByLabel("Why no account in another application?").selectOption("Desks");
    await text(page, /has no account/).waitFor();
  }),
  { name: "user-provisioning-logs", route: "/users/$id/provisioning-logs", at: ({ ids }) => `/users/${ids.user}/provisioning-logs`, ready: (page) => page.locator("[data-row='0']").waitFor() },
  importUsers,
  after(importUsers, "import-preview", async (page) => {
    await page.locator("input[type=file]").setInputFiles({ name: "users.csv", mimeType: "text/csv", buffer: Buffer.from(CSV) });
    await press(page, "Preview changes");
    await page.getByRole("button", { name: /^New: / }).first().click();
  }),
  { name: "import-groups", route: "/import/$kind", readsNothing: true, at: () => "/import/groups", ready: (page) => page.getByRole("button", { name: "Choose file" }).waitFor() },
  groups,
  { name: "new-group", route: "/groups/new", readsNothing: true, ready: (page) => page.getByRole("button", { name: "Create" }).waitFor() },
  group,
  opening(group, "add-members", "Add members", async (page) => {
    await page.getByRole("combobox", { name: "User or group" }).fill("Lise");
    await page.getByRole("option", { name: /Lise Becker/ }).click();
  }),
];

// Applications.
const of = (path: string) => ({ office }: World) => `/applications/${office.application}${path}`;
const application: View = { name: "application", route: "/applications/$id/", at: of(""), ready: (page) => page.getByRole("region", { name: "Statistics to date" }).getByRole("definition").first().waitFor() };
const quarantine: View = { name: "quarantine", route: "/applications/$id/", at: ({ desks }) => `/applications/${desks.application}`, ready: (page) => page.getByRole("region", { name: "Quarantine" }).waitFor() };
const access: View = { name: "assignments", route: "/applications/$id/users", at: of("/users"), ready: (page) => row(page, /Sales/).waitFor() };
const mapping: View = { name: "mapping", route: "/applications/$id/mappings/$object", at: of("/mappings/User"), ready: (page) => page.getByRole("button", { name: "userName", exact: true }).waitFor() };
const plan: View = { name: "plan", route: "/applications/$id/plan", at: of("/plan"), ready: (page) => page.getByRole("button", { name: "Make a plan" }).waitFor() };
const planned = after(plan, "plan-made", async (page) => {
  await press(page, "Make a plan");
  await row(page, new RegExp(address(21))).waitFor();
});
const demand: View = { name: "provision-on-demand", route: "/applications/$id/provision-on-demand", at: of("/provision-on-demand"), ready: (page) => page.getByLabel("Select a user or group").waitFor() };
const log: View = { name: "application-provisioning-logs", route: "/applications/$id/provisioning-logs", at: of("/provisioning-logs"), ready: (page) => row(page, new RegExp(address(1))).waitFor() };
const gallery: View = { name: "gallery", route: "/applications/new", ready: (page) => page.getByRole("button", { name: /^OfficeSpace Software/ }).waitFor() };
const allLogs: View = { name: "provisioning-logs", route: "/provisioning-logs", ready: (page) => page.locator("[data-row='0']").waitFor() };
const applications: View[] = [
  { name: "applications", route: "/applications", ready: (page) => row(page, /OfficeSpace Software/).waitFor() },
  gallery,
  opening(gallery, "add-application", /^OfficeSpace Software/),
  application,
  opening(application, "restart-provisioning", "Restart provisioning"),
  quarantine,
  opening(quarantine, "held-back", "Review what is held back", (page) => text(page, "6 in all").waitFor()),
  access,
  opening(access, "assign", "Add user/group", async (page) => {
    await page.getByLabel("Search users and groups").fill("Lise");
    await page.getByRole("checkbox", { name: /Lise Becker/ }).check();
  }),
  { name: "provisioning", route: "/applications/$id/provisioning", at: of("/provisioning"), ready: (page) => page.getByLabel("Tenant URL").waitFor() },
  { name: "mappings", route: "/applications/$id/mappings", at: of("/mappings"), ready: (page) => page.getByRole("link", { name: /Provision .*Users/ }).waitFor() },
  mapping,
  opening(mapping, "expression-builder", "active", (page) => text(page, "The expression is valid.").waitFor()),
  {
    name: "scoping-filters",
    route: "/applications/$id/scoping",
    at: of("/scoping"),
    ready: async (page) => {
      await press(page, "Add scoping filter");
      await page.getByLabel("Source attribute").fill("department");
      await page.getByLabel("Value").fill("Sales");
      await text(page, /Of \d+ users, [1-9]\d* pass/).waitFor();
    },
    opened: true,
  },
  { name: "scoping-none", route: "/applications/$id/scoping", at: of("/scoping"), ready: (page) => text(page, /Of \d+ users/).waitFor() },
  plan,
  planned,
  after(planned, "plan-of-one", async (page) => {
    await row(page, new RegExp(address(21))).click();
    await page.getByRole("dialog").getByRole("row", { name: /userName none/ }).waitFor();
  }),
  demand,
  after(demand, "provisioned-on-demand", async (page) => {
    await page.getByLabel("Select a user or group").pressSequentially("Grace Becker");
    await page.getByRole("option", { name: /Grace Becker/ }).click();
    await press(page, "Provision");
    await page.getByRole("region", { name: address(1) }).waitFor();
  }),
  { name: "drift", route: "/applications/$id/drift", at: of("/drift"), ready: (page) => row(page, new RegExp(address(3))).waitFor() },
  log,
  after(log, "log-download", async (page) => {
    await press(page, "Download");
    await page.getByRole("menuitem", { name: "Download CSV" }).waitFor();
  }),
  after(log, "provisioning-steps", async (page) => {
    await row(page, new RegExp(address(6))).click();
    await page.getByRole("dialog").getByRole("tab", { name: "Steps" }).click();
    await page.getByRole("button", { name: /^4\. Perform action/ }).waitFor();
  }),
  after(log, "modified-properties", async (page) => {
    await row(page, new RegExp(address(6))).click();
    await page.getByRole("dialog").getByRole("tab", { name: "Modified Properties" }).click();
    await page.getByRole("dialog").getByRole("table").waitFor();
  }),
  allLogs,
];

// Who did what, and who may.
const administrator: View = {
  name: "administrator",
  route: "/administrators/$id",
  at: ({ ids }) => `/administrators/${ids.administrator}`,
  ready: async (page) => {
    await page.getByRole("heading", { level: 1, name: READER.displayName }).waitFor();
    await row(page, /Reports Reader/).waitFor();
  },
};
const audit: View = { name: "audit", route: "/audit", ready: (page) => page.locator("[data-row='0']").waitFor() };
const governance: View[] = [
  audit,
  after(audit, "audit-entry", async (page) => {
    await page.getByLabel(/^Search/).fill(address(2));
    await text(page, /^[1-9] in all/).waitFor();
    await row(page, /Update user/).click();
    await page.getByRole("dialog").getByText("Head of sales").first().waitFor();
  }),
  { name: "administrators", route: "/administrators", ready: (page) => row(page, new RegExp(TENANT.displayName)).waitFor() },
  { name: "new-administrator", route: "/administrators/new", readsNothing: true, ready: (page) => page.getByRole("button", { name: "Create" }).waitFor() },
  administrator,
  opening(administrator, "administrator-delete", "Delete"),
  { name: "password", route: "/password", readsNothing: true, ready: (page) => page.getByLabel("Current password").waitFor() },
];

// The service provider's side.
const at = (path: string) => ({ ids }: World) => `/connectors/scim/${ids.tenant}${path}`;
const tenants: View = { name: "tenants", route: "/connectors/scim", ready: (page) => row(page, /contoso/).waitFor() };
const connection: View = { name: "tenant", route: "/connectors/scim/$tenant/", at: at(""), ready: (page) => page.getByRole("table", { name: "SCIM Authentication Tokens" }).waitFor() };
const requests: View = { name: "requests", route: "/connectors/scim/$tenant/requests", at: at("/requests"), ready: (page) => row(page, /409/).waitFor() };
const schemas: View = { name: "schemas", route: "/connectors/scim/$tenant/schemas", at: at("/schemas"), ready: (page) => row(page, /badge/).waitFor() };
const webhooks: View = { name: "webhooks", route: "/connectors/scim/$tenant/webhooks", at: at("/webhooks"), ready: (page) => row(page, /Desk planning/).waitFor() };
const deliveries: View = {
  name: "deliveries",
  route: "/connectors/scim/$tenant/webhooks/$webhook",
  at: ({ ids }) => `/connectors/scim/${ids.tenant}/webhooks/${ids.webhook}`,
  ready: (page) => row(page, /user\.deleted/).waitFor(),
};
const found = (kind: "users" | "groups", id?: string) => ({ ids }: World) => `/connectors/scim/${ids.tenant}/provisioned/${kind}${id ? `?one=${id}` : ""}`;
const provider: View[] = [
  tenants,
  after(tenants, "tenant-actions", async (page) => {
    await row(page, /contoso/).getByRole("button", { name: /^Actions/ }).click();
    await page.getByRole("menuitem", { name: "Rename" }).waitFor();
  }),
  opening(tenants, "new-tenant", "New tenant"),
  connection,
  opening(connection, "new-token", "New token"),
  after(connection, "token-actions", async (page) => {
    await row(page, /Help desk/).getByRole("button", { name: /^Actions/ }).click();
    await page.getByRole("menuitem", { name: "Rotate" }).waitFor();
  }),
  after(connection, "rotate-token", async (page) => {
    await row(page, /Help desk/).getByRole("button", { name: /^Actions/ }).click();
    await page.getByRole("menuitem", { name: "Rotate" }).click();
    await dialog(page).waitFor();
  }),
  opening(connection, "tenant-delete", "Delete"),
  requests,
  after(requests, "request", async (page) => {
    await row(page, /POST \/Users .*409/).click();
    await page.getByRole("region", { name: "Body of the request" }).waitFor();
  }),
  { name: "provisioned-users", route: "/connectors/scim/$tenant/provisioned/$kind", at: found("users"), ready: (page) => row(page, new RegExp(address(1))).waitFor() },
  { name: "provisioned-user", route: "/connectors/scim/$tenant/provisioned/$kind", at: (world) => found("users", world.ids.account)(world), ready: (page) => page.getByRole("dialog").getByText(address(1)).first().waitFor(), opened: true },
  { name: "provisioned-groups", route: "/connectors/scim/$tenant/provisioned/$kind", at: found("groups"), ready: (page) => row(page, /Sales/).waitFor() },
  { name: "provisioned-group", route: "/connectors/scim/$tenant/provisioned/$kind", at: (world) => found("groups", world.ids.team)(world), ready: async (page) => {
    await page.getByRole("dialog").getByRole("tab", { name: "Members" }).click();
    await page.getByRole("dialog").getByRole("row", { name: /Grace Becker/ }).waitFor();
  }, opened: true },
  schemas,
  opening(schemas, "new-schema-extension", "New schema extension"),
  webhooks,
  opening(webhooks, "new-webhook", "New webhook"),
  deliveries,
  after(deliveries, "delivery", async (page) => {
    await row(page, /user\.deleted/).click();
    await page.getByRole("region", { name: "Answer" }).getByText("down for repair").waitFor();
  }),
  opening(deliveries, "replay", "Replay"),
  { name: "tenant-settings", route: "/connectors/scim/$tenant/settings", at: at("/settings"), ready: (page) => page.getByRole("button", { name: "Save" }).waitFor() },
  { name: "tenant-audit", route: "/connectors/scim/$tenant/audit", at: at("/audit"), ready: (page) => row(page, /Add tenant/).waitFor() },
];

export const VIEWS: View[] = [...identity, ...applications, ...governance, ...provider];

/** Where a view is, below `/console`. */
export const pathOf = (view: View, world: World): string => view.at?.(world) ?? view.route;
