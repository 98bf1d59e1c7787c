/** The catalogue on real files: what it keeps, and what it does about damage and a full disk. */
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SILENT_LOGGER } from "../../src/base/log.ts";
import { SqliteCatalogue } from "../../src/host/sqlite_catalogue.ts";
import { catalogueContract } from "../contract/catalogue.ts";

let directory: string;
let path: string;

beforeEach(() => {
  directory = fs.mkdtempSync(join(tmpdir(), "logboom-catalogue-"));
  path = join(directory, "catalogue.sqlite");
});
afterEach(() => fs.rmSync(directory, { recursive: true }));

describe("SqliteCatalogue", () => {
  catalogueContract(
    () => SqliteCatalogue.open(path, SILENT_LOGGER),
    async (catalogue) => {
      await catalogue.close();
      return await SqliteCatalogue.open(path, SILENT_LOGGER);
    },
  );

  it("keeps a ballast for the day the disk is full", async () => {
    const catalogue = await SqliteCatalogue.open(path, SILENT_LOGGER);
    expect(fs.statSync(`${path}.ballast`).size).toBe(2 * 1024 * 1024);
    await catalogue.close();
  });

  it("sets a damaged database aside, says so, and begins anew", async () => {
    fs.writeFileSync(path, "this is no database".repeat(300));
    const events: string[] = [];
    const logger = { ...SILENT_LOGGER, error: (event: string) => void events.push(event) };
    const catalogue = await SqliteCatalogue.open(path, logger);
    expect(events).toEqual(["catalogue_set_aside"]);
    expect((await catalogue.load()).topics).toEqual([]);
    await catalogue.setMeta("key", "value");
    await catalogue.close();
    expect(fs.readFileSync(`${path}.damaged-1`, "utf8")).toMatch(/^this is no database/);
  });

  it("tells a fact about the node, and null of one that was never set", async () => {
    const catalogue = await SqliteCatalogue.open(path, SILENT_LOGGER);
    await catalogue.setMeta("key", "value");
    expect(await catalogue.getMeta("key")).toBe("value");
    expect(await catalogue.getMeta("other")).toBeNull();
    await catalogue.close();
  });

  it("refuses what comes after it was closed", async () => {
    const catalogue = await SqliteCatalogue.open(path, SILENT_LOGGER);
    expect(catalogue.failure).toBeNull();
    await catalogue.close();
    expect(catalogue.failure).toBe("the catalogue is closed");
    await expect(catalogue.setMeta("key", "value")).rejects.toMatchObject({
      code: "storage_failed",
    });
  });

  it("says where it cannot open a database", async () => {
    const missing = join(directory, "missing", "catalogue.sqlite");
    await expect(SqliteCatalogue.open(missing, SILENT_LOGGER)).rejects.toMatchObject({
      message: expect.stringContaining(missing),
    });
  });
});
