/**
 * How soon an administrator can use the console when a browser loads it for the first time, and again:
 * `npm run measure:start` (PROVOST_BINARY for a release build).
 */
import type { Browser, CDPSession } from "playwright-core";
import { test } from "vitest";

import { ADA, browser, open, Server, signIn } from "../e2e/fixture";
import { assign, cycle, provisioned, userId } from "../e2e/provisioned";

const RUNS = 5;

interface Conditions {
  name: string;
  /** Milliseconds for each answer, and bytes a second, where the network is held back. */
  network?: { latency: number; bytes: number };
  /** How many times slower the processor is than this machine's. */
  slower: number;
}

/** What Lighthouse supposes of a desktop's and of a phone's connection; the phone has a slower processor, too. */
const CONDITIONS: Conditions[] = [
  { name: "this machine, loopback", slower: 1 },
  { name: "40 ms, 10 Mbit/s", network: { latency: 40, bytes: 1_250_000 }, slower: 1 },
  { name: "150 ms, 1.6 Mbit/s, processor a fourth", network: { latency: 150, bytes: 200_000 }, slower: 4 },
];

async function hold(session: CDPSession, { network, slower }: Conditions): Promise<void> {
  await session.send("Network.enable");
  if (network) await session.send("Network.emulateNetworkConditions", { offline: false, latency: network.latency, downloadThroughput: network.bytes, uploadThroughput: network.bytes });
  await session.send("Emulation.setCPUThrottlingRate", { rate: slower });
}

interface Load {
  paint: number;
  interactive: number;
  bytes: number;
}

/**
 * One load of a page, in milliseconds from its beginning: until something is painted, and until it can be used, which is
 * when what one looks for is there and the last task of over 50 ms (the W3C's "long task") has ended.
 */
async function load(chromium: Browser, server: Server, at: string, ready: string, conditions: Conditions, again: boolean): Promise<Load> {
  const page = await open(chromium, server);
  try {
    await signIn(page, at);
    await page.locator(ready).first().waitFor();
    const session = await page.context().newCDPSession(page);
    if (!again) await session.send("Network.clearBrowserCache");
    await hold(session, conditions);
    page.setDefaultTimeout(60_000);
    let bytes = 0;
    session.on("Network.loadingFinished", ({ encodedDataLength }) => (bytes += encodedDataLength));
    await page.addInitScript((selector) => {
      const marks = { there: 0, task: 0 };
      Object.assign(window, { marks });
      new PerformanceObserver((list) => {
        for (const { startTime, duration } of list.getEntries()) marks.task = startTime + duration;
      }).observe({ type: "longtask", buffered: true });
      const look = () => {
        if (document.querySelector(selector)) marks.there = performance.now();
        else requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    }, ready);
    await page.reload({ waitUntil: "commit" });
    await page.waitForFunction(() => (window as unknown as { marks: { there: number } }).marks.there > 0);
    await page.waitForLoadState("networkidle");
    const seen = await page.evaluate(() => {
      const { there, task } = (window as unknown as { marks: { there: number; task: number } }).marks;
      return { paint: performance.getEntriesByName("first-contentful-paint")[0]!.startTime, interactive: Math.max(there, task) };
    });
    return { ...seen, bytes };
  } finally {
    await page.context().close();
  }
}

const median = (figures: number[]) => figures.sort((a, b) => a - b)[figures.length >> 1]!;

test("loading the console", { timeout: 1_200_000 }, async () => {
  const server = await Server.start();
  const chromium = await browser();
  try {
    await server.administrator();
    await server.users(1_000);
    const application = await provisioned(server, "Desks");
    for (const number of ["00001", "00002", "00003"]) await assign(server, application, await userId(server, `user${number}@contoso.example`));
    await cycle(server, application);
    console.log(`medians of ${RUNS} loads, signed in as ${ADA.displayName}`);
    for (const [page, at, ready] of [["overview", "/overview", "main tbody tr"], ["1,000 users", "/users", "[data-row='0']"]] as const) {
      for (const conditions of CONDITIONS) {
        for (const again of [false, true]) {
          const loads: Load[] = [];
          for (let run = 0; run < RUNS; run += 1) loads.push(await load(chromium, server, at, ready, conditions, again));
          const of = (figure: keyof Load) => Math.round(median(loads.map((each) => each[figure])));
          const what = `${page}, ${again ? "loaded again" : "first load"}, ${conditions.name}`;
          console.log(`${what.padEnd(72)} painted ${of("paint")} ms, interactive ${of("interactive")} ms, ${Math.round(of("bytes") / 1_000)} kB`);
        }
      }
    }
  } finally {
    await chromium.close();
    await server.stop();
  }
});
