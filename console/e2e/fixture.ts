import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import axe from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";
import { expect } from "vitest";

export const ROOT = join(import.meta.dirname, "..", "..");
const PROVOST = process.env.PROVOST_BINARY ?? join(ROOT, "target", "debug", "provost");
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--font-render-hinting=none"];

export const ADA = { signInName: "ada@contoso.example", displayName: "Ada Lovelace", password: "correct horse battery staple" };
export type Person = typeof ADA;
interface Scope {
  type: string;
  id?: string;
}
export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 360, height: 740 };

/** A server of its own, on a free port, with a data directory that goes with it. */
export class Server {
  private constructor(
    private process: ChildProcess,
    private readonly data: string,
    readonly url: string,
    private readonly token: string,
  ) {}

  static async start(...options: string[]): Promise<Server> {
    const data = mkdtempSync(join(tmpdir(), "provost-console-"));
    const [child, url] = await serve("127.0.0.1:0", data, options);
    return new Server(child, data, url, readFileSync(join(data, "admin-token"), "utf8").trim());
  }

  /** Ends the process, and keeps what it wrote. */
  async pause(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.kill("SIGTERM");
    await ended;
  }

  /** Starts it again where it was. */
  async resume(): Promise<void> {
    [this.process] = await serve(new URL(this.url).host, this.data);
  }

  /** A call of the API with the administrator's token of the installation. */
  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const headers = { Authorization: `Bearer ${this.token}`, "Content-Type": "application/json" };
    const response = await fetch(this.url + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text ? JSON.parse(text) : undefined) as T;
  }

  /** Somebody who can sign in, with a role in the installation unless another scope is given. */
  async administrator(role = "globalAdministrator", who: Person = ADA, scope: Scope = { type: "installation" }): Promise<void> {
    const { id } = await this.call<{ id: string }>("POST", "/provost/v1/administrators", { type: "person", ...who });
    await this.call("POST", `/provost/v1/administrators/${id}/roles`, { role, scope });
  }

  /** A tenant of the service provider, and how a client of it calls. */
  async tenant(name: string): Promise<{ id: string; scim: (method: string, path: string, body?: unknown) => Promise<Response> }> {
    const { id, pathBaseUrl, token } = await this.call<{ id: string; pathBaseUrl: string; token: string }>("POST", "/provost/v1/tenants", { name });
    const base = this.url + new URL(pathBaseUrl).pathname;
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/scim+json", "User-Agent": "Azure Active Directory" };
    const scim = (method: string, path: string, body?: unknown) => fetch(base + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    return { id, scim };
  }

  /** Users 1 to n, of three departments. */
  async users(n: number): Promise<void> {
    const departments = ["Sales", "Engineering", "Finance"];
    const rows = Array.from({ length: n }, (_, index) => {
      const number = String(index + 1).padStart(5, "0");
      return `user${number}@contoso.example,User ${number},${departments[index % 3]},true`;
    });
    await this.import("userPrincipalName,displayName,department,accountEnabled", rows);
  }

  /** Users of a CSV file. */
  async import(head: string, rows: string[]): Promise<void> {
    const headers = { Authorization: `Bearer ${this.token}`, "Content-Type": "text/csv" };
    const response = await fetch(`${this.url}/provost/v1/users/import`, { method: "POST", headers, body: [head, ...rows].join("\n") });
    const text = await response.text();
    if (!response.ok || (JSON.parse(text) as { errors: unknown[] }).errors.length > 0) throw new Error(`import: ${response.status} ${text}`);
  }

  async stop(): Promise<void> {
    await this.pause();
    rmSync(this.data, { recursive: true, force: true });
  }
}

async function serve(listen: string, data: string, options: string[] = []): Promise<[ChildProcess, string]> {
  const child = spawn(PROVOST, ["serve", "--listen", listen, "--data-dir", data, ...options], { stdio: ["ignore", "pipe", "ignore"] });
  const url = await new Promise<string>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`provost ended with ${code} before it listened`)));
    createInterface({ input: child.stdout }).once("line", (line) => resolve(line.replace("listening on ", "").trim()));
  });
  return [child, url];
}

export function browser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, headless: true, args: FLAGS });
}

export interface Look {
  size?: { width: number; height: number };
  theme?: "light" | "dark";
}

/** A page in a browser profile of its own, which fails the test at an error of a script or of the content policy. */
export async function open(browser: Browser, server: Server, { size = DESKTOP, theme = "light" }: Look = {}): Promise<Page> {
  const context = await browser.newContext({ baseURL: server.url, viewport: size, colorScheme: theme, reducedMotion: "reduce", locale: "en-GB", timezoneId: "UTC" });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  errors.set(page, []);
  page.on("pageerror", (error) => errors.get(page)!.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" && /Content Security Policy|React/.test(message.text())) errors.get(page)!.push(message.text());
  });
  return page;
}

const errors = new WeakMap<Page, string[]>();

/** Opens a page of the console, and signs in on the way there. */
export async function signIn(page: Page, at = "/users", who: Person = ADA): Promise<void> {
  await page.goto(`/console${at}`);
  await page.getByLabel("Sign-in name").fill(who.signInName);
  await page.getByRole("textbox", { name: "Password" }).fill(who.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: /^Account/ }).waitFor();
  await page.getByRole("heading", { level: 1 }).waitFor();
}

/** No violation that axe-core finds, and no error of a script until now. */
export async function expectAccessible(page: Page): Promise<void> {
  // As a value and not as a script element, which the page's policy refuses.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() =>
    (window as unknown as { axe: typeof axe }).axe.run({
      // Fluent's focus library keeps elements of no size at both ends of a region, which pass the focus on as they get it.
      exclude: [["[data-tabster-dummy]"]],
    }),
  );
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(" ")}`)).toEqual([]);
  expect(errors.get(page)).toEqual([]);
}
