/** The book of consumer groups on real files. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SILENT_LOGGER } from "../../src/base/log.ts";
import { SqliteCatalogue } from "../../src/host/sqlite_catalogue.ts";
import type { GroupBook } from "../../src/store/group_book.ts";
import { groupBookContract } from "../contract/group_book.ts";

let directory: string;
let path: string;
let catalogue: SqliteCatalogue | null = null;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "logboom-group-book-"));
  path = join(directory, "catalogue.sqlite");
});
afterEach(async () => {
  await catalogue?.close();
  rmSync(directory, { recursive: true });
});

async function open(): Promise<GroupBook> {
  catalogue = await SqliteCatalogue.open(path, SILENT_LOGGER);
  return catalogue.groups;
}

async function reopen(): Promise<GroupBook> {
  await catalogue!.close();
  return await open();
}

describe("SqliteGroupBook", () => {
  groupBookContract(open, reopen);

  it("finds its tables made in a catalogue that an older logboom wrote", async () => {
    await open();
    await catalogue!.close();
    const database = new DatabaseSync(path);
    database.exec("DROP TABLE consumer_groups; DROP TABLE group_offsets");
    database.close();
    const book = await open();
    await book.putGroups([{ group: "g", aliveMs: 1 }]);
    expect((await book.load()).groups).toEqual([{ group: "g", aliveMs: 1 }]);
  });
});
