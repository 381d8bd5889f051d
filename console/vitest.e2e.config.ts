import { defineConfig } from "vitest/config";

/** The tests in a browser: one after the other, as each has a server and a browser of its own. */
export default defineConfig({
  test: { dir: "e2e", include: ["**/*.test.ts"], fileParallelism: false, testTimeout: 60_000, hookTimeout: 60_000 },
});
