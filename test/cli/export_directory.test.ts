/** What cannot be exported says why; the rest is test/conformance/sneakernet.test.ts. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openExportDirectory } from "../../src/cli/export_directory.ts";

it("openExportDirectory() refuses a directory no node ever had, and one that is missing", async () => {
  const directory = mkdtempSync(join(tmpdir(), "logboom-none-"));
  await using opened = new AsyncDisposableStack();
  opened.defer(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, "lock"), "");
  await expect(openExportDirectory(directory, opened)).rejects.toThrow("no node's data lies there");
  await expect(openExportDirectory(join(directory, "x"), opened)).rejects.toMatchObject({
    code: "not_found",
  });
});
