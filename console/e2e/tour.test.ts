import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { browser as launch, DESKTOP, expectAccessible, open, PHONE, ROOT, signIn } from "./fixture";
import { router } from "../src/router";
import { pathOf, type View, VIEWS } from "./tour/views";
import { build, type World } from "./tour/world";

const PICTURES = join(ROOT, "docs", "images", "console");
/** Where there is a page of its own only below. */
const LAYOUTS = ["/", "/applications/$id", "/connectors/scim/$tenant"];

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

/** Nothing of the page is to the right of the window, where only what scrolls by itself may be. */
async function expectFitting(page: Page): Promise<void> {
  const wide = await page.evaluate(() => {
    const scrolls = (it: Element): boolean => {
      const around = it.parentElement?.closest("body *");
      if (!around || around.matches("main, [role=dialog], [role=alertdialog]")) return false;
      const { overflowX, textOverflow } = getComputedStyle(around);
      // Fluent parks the button that empties a search beside its box, which cuts it off.
      return /auto|scroll/.test(overflowX) || textOverflow === "ellipsis" || around.matches(".fui-SearchBox") || scrolls(around);
    };
    const dialogs = ":is([role=dialog], [role=alertdialog])";
    const out = [...document.querySelectorAll(`header, header *, main *, ${dialogs}, ${dialogs} *`)].filter((it) => it.getBoundingClientRect().right > innerWidth + 1 && it.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && !scrolls(it));
    return out.map((it) => it.outerHTML.slice(0, 200));
  });
  expect(wide).toEqual([]);
}

/** Goes to a view, and looks at it as axe does. */
async function look(page: Page, view: View): Promise<void> {
  await page.goto(`/console${pathOf(view, world)}`);
  await view.ready(page, world);
  const heading = page.getByRole("heading", { level: 1, includeHidden: true });
  expect(await page.title()).toBe(`${await heading.first().textContent()} - Provost`);
  await expectAccessible(page);
  await expectFitting(page);
}

/** The pictures that the manual shows. */
const MANUAL = [...readFileSync(join(ROOT, "docs", "console.md"), "utf8").matchAll(/images\/console\/([^)]+)\.png/g)].map(([, name]) => name!);

/** A picture for the manual, where it has it and CONSOLE_PICTURES asks for it. */
async function shot(page: Page, name: string): Promise<void> {
  if (!process.env.CONSOLE_PICTURES || !MANUAL.includes(name)) return;
  await page.screenshot({ path: join(PICTURES, `${name}.png`), animations: "disabled", caret: "hide" });
}

test("every page of the router is on the tour, and in the manual with a picture", () => {
  const routes = Object.values(router.routesByPath).map(({ fullPath }) => fullPath as string);
  const pages = routes.filter((path) => !LAYOUTS.includes(path));
  for (const path of pages) expect(VIEWS.filter(({ route, name }) => route === path && MANUAL.includes(name)).map(({ route }) => route), path).toContain(path);
  const views = VIEWS.map(({ name }) => name);
  for (const name of MANUAL) expect(views).toContain(name.replace(/-phone$/, ""));
  expect(readdirSync(PICTURES).map((file) => file.replace(/\.png$/, "")).sort()).toEqual([...MANUAL].sort());
});

for (const theme of ["light", "dark"] as const) {
  for (const [name, size] of [["desktop", DESKTOP], ["phone", PHONE]] as const) {
    test(`every page is accessible and fits: ${theme}, ${name}`, { timeout: 300_000 }, async () => {
      const page = await open(browser, world.server, { size, theme });
      const wrong: string[] = [];
      let signedIn = false;
      for (const view of VIEWS) {
        if (!view.signedOut && !signedIn) await signIn(page);
        signedIn ||= !view.signedOut;
        try {
          await look(page, view);
        } catch (error) {
          wrong.push(`${view.name}: ${String(error)} ${JSON.stringify((error as { actual?: unknown }).actual ?? "")}`);
        }
        if (theme === "light" && name === "desktop") await shot(page, view.name);
        if (theme === "dark" && name === "phone") await shot(page, `${view.name}-phone`);
      }
      expect(wrong).toEqual([]);
      await page.context().close();
    });
  }
}
