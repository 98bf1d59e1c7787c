/** How the tests run; `deno task test` builds the core first. */
import process from "node:process";
import { defineConfig } from "vitest/config";

/** Where `.ci/run` wants the results as JSON, beside what people read. */
const report = process.env.LOGBOOM_TEST_REPORT;

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Forked processes rather than threads: the catalogue starts workers of its own, and a test
    // that stops its process must not take the others along.
    pool: "forks",
    maxWorkers: 2,
    // Real disks under a shared machine: a timeout is for what hangs, not for what is slow.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    ...(report === undefined ? {} : {
      reporters: ["default", "json"],
      outputFile: { json: report },
    }),
  },
});
