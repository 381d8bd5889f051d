import { defineConfig } from "vitest/config";

/** What is measured in a browser, apart from the tests: figures of a machine are no reason to refuse a change. */
export default defineConfig({ test: { dir: "measure", include: ["*.ts"], fileParallelism: false } });
