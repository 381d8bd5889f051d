/**
 * How long an administrator waits for a table of very many users, in a real browser over a real server:
 * `npm run measure:table` (USERS=1000000 unless given; PROVOST_BINARY for a release build).
 */
import { performance } from "node:perf_hooks";

import type { Page } from "playwright-core";
import { test } from "vitest";

import { browser, open, Server, signIn } from "../e2e/fixture";

const USERS = Number(process.env.USERS ?? 1_000_000);
const AT_ONCE = 100_000;
const FIRST = ["Anna", "Bea", "Carl", "Dora", "Emil", "Frieda", "Gustav", "Hanna", "Ivan", "Jutta", "Karl", "Lena", "Max", "Nora", "Otto", "Paula", "Quentin", "Rosa", "Sven", "Tilda"];
const SYLLABLES = ["ba", "der", "fel", "gra", "ho", "kin", "lau", "mer", "nor", "rich", "schu", "tal", "wei", "zim"];
const DEPARTMENTS = ["Sales", "Engineering", "Finance", "Legal", "Support"];

/** First names and surnames that look random, and are the same in each run. */
function* names(): Generator<[string, string]> {
  let state = 7;
  const next = (most: number) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % most;
  };
  for (;;) {
    const first = FIRST[next(FIRST.length)]!;
    const last = [0, 1, 2].map(() => SYLLABLES[next(SYLLABLES.length)]!).join("");
    yield [first, last[0]!.toUpperCase() + last.slice(1)];
  }
}

/** The users, and the name of one of them. */
async function people(server: Server): Promise<[string, string]> {
  const all = names();
  for (let done = 0; done < USERS; done += AT_ONCE) {
    const rows = Array.from({ length: Math.min(AT_ONCE, USERS - done) }, (_, index) => {
      const [first, last] = all.next().value as [string, string];
      const number = done + index;
      return `${first}.${last}.${number}@contoso.example`.toLowerCase() + `,${first} ${last},${DEPARTMENTS[number % DEPARTMENTS.length]},true`;
    });
    await server.import("userPrincipalName,displayName,department,accountEnabled", rows);
  }
  return names().next().value as [string, string];
}

function tell(what: string, figure: string): void {
  console.log(`${what.padEnd(64)} ${figure}`);
}

async function timed<T>(what: string, act: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const done = await act();
  tell(what, `${Math.round(performance.now() - start)} ms`);
  return done;
}

/** Types a search and waits until each row is one that it finds. */
async function search(page: Page, text: string, found: RegExp): Promise<void> {
  await page.getByLabel("Search users").fill(text);
  await page.waitForFunction(
    ([source]) => {
      const rows = [...document.querySelectorAll("[data-row]")];
      return rows.length > 0 && rows.every((row) => new RegExp(source!, "i").test(row.textContent ?? ""));
    },
    [found.source],
  );
}

/** Milliseconds between frames while the wheel turns: the median, and the longest. */
async function frames(page: Page): Promise<string> {
  await page.evaluate(() => {
    const times: number[] = [];
    Object.assign(window, { times });
    let ended = false;
    const note = (time: number) => {
      times.push(time);
      if (!ended) requestAnimationFrame(note);
    };
    requestAnimationFrame(note);
    Object.assign(window, { stop: () => (ended = true) });
  });
  await page.getByRole("row").nth(3).hover();
  for (let turn = 0; turn < 100; turn++) await page.mouse.wheel(0, 400);
  const gaps = await page.evaluate(() => {
    const { times, stop } = window as unknown as { times: number[]; stop: () => void };
    stop();
    return times.slice(1).map((time, index) => time - times[index]!);
  });
  gaps.sort((a, b) => a - b);
  return `median ${gaps[gaps.length >> 1]!.toFixed(0)} ms, 99 of 100 within ${gaps[Math.floor(gaps.length * 0.99)]!.toFixed(0)} ms, longest ${gaps.at(-1)!.toFixed(0)} ms`;
}

async function heap(page: Page): Promise<string> {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  return `${Math.round(usedSize / 1e6)} MB`;
}

test(`a table of ${USERS} users`, { timeout: 3_600_000 }, async () => {
  const server = await Server.start();
  const chromium = await browser();
  try {
    await server.administrator();
    const [first, last] = await timed(`import of ${USERS} users`, () => people(server));
    const page = await open(chromium, server);
    page.setDefaultTimeout(600_000);
    await signIn(page);
    await page.locator("[data-row='0']").waitFor();
    await timed("page loaded again until the first rows are there", async () => {
      await page.reload();
      await page.locator("[data-row='0']").waitFor();
    });
    // Each of these includes the 300 ms for which the page waits whether more is typed.
    const surname = new RegExp(last, "i");
    await timed(`search: a surname, ${last}`, () => search(page, last.toLowerCase(), surname));
    await timed("search: a first name that one in twenty has, Tilda", () => search(page, "tilda", /tilda/));
    await timed(`search: the beginning of an address, ${first}.${last}`, () => search(page, `${first}.${last}`.toLowerCase(), new RegExp(`${first}\\.${last}`, "i")));
    await page.getByLabel("Search users").fill("nobody at all");
    await timed("search: nobody", () => page.getByText(/No user is found/).waitFor());
    await timed(`search: beginnings of both names, ${first} ${last.slice(0, 4)}`, () => search(page, `${first} ${last.slice(0, 4)}`, new RegExp(`${first} ${last.slice(0, 4)}`, "i")));
    await page.getByLabel("Search users").fill("");
    await page.getByText(`${USERS.toLocaleString("en")} in all`).waitFor();
    tell("scrolling while pages are read: between frames", await frames(page));
    await page.locator("[data-row]").first().focus();
    await timed("End: read on to the last row", async () => {
      await page.keyboard.press("End");
      await page.locator(`[data-row='${USERS - 1}']:focus`).waitFor();
    });
    tell("memory of the page's scripts with all rows", await heap(page));
    tell("scrolling among all rows: between frames", await frames(page));
    await timed("Home", async () => {
      await page.locator("[data-row]").first().focus();
      await page.keyboard.press("Home");
      await page.locator("[data-row='0']:focus").waitFor();
    });
    await timed("the scroll bar drawn to the middle", async () => {
      await page.locator("[data-row]").first().evaluate((row) => {
        const list = row.closest("[role='grid']")!.parentElement!;
        list.scrollTop = list.scrollHeight / 2;
      });
      await page.waitForFunction((middle) => Math.abs(Number(document.querySelector("[data-row]")!.getAttribute("data-row")) - middle) < middle / 50, USERS / 2);
    });
    await page.context().close();
  } finally {
    await chromium.close();
    await server.stop();
  }
});
