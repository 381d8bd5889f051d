/** Waits for a condition that the browser does not show. */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 30_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`Not within 30 seconds: ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
