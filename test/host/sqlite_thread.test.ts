/** A thread that ends is replaced; one that keeps ending is given up. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SILENT_LOGGER } from "../../src/base/log.ts";
import { SqliteThread } from "../../src/host/sqlite_thread.ts";

let directory: string;
let events: string[];
let thread: SqliteThread;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "logboom-thread-"));
  events = [];
  thread = new SqliteThread({
    settings: { path: join(directory, "catalogue.sqlite"), ballastBytes: 4096 },
    logger: { ...SILENT_LOGGER, error: (event) => void events.push(event) },
    program: new URL("../support/dying_worker.ts", import.meta.url),
  });
  await thread.open();
});

afterEach(async () => {
  await thread.close();
  rmSync(directory, { recursive: true });
});

const set = (value: string) =>
  thread.ask({
    kind: "change",
    statements: [["INSERT OR REPLACE INTO meta VALUES ('key', ?)", [value]]],
  });
const get = async () =>
  (await thread.ask({ kind: "query", statement: ["SELECT value FROM meta", []] }))
    .map((row) => row["value"]);
const end = () => thread.ask({ kind: "query", statement: ["END", []] });

describe("SqliteThread", () => {
  it("is replaced when it ends: what it was asked is refused, what comes next is answered", async () => {
    await set("before");
    const asked = [end(), get()];
    for (const answer of asked) {
      await expect(answer).rejects.toMatchObject({ code: "storage_failed" });
    }
    expect(thread.failure).toBeNull();
    expect(await get()).toEqual(["before"]);
    await set("after");
    expect(await get()).toEqual(["after"]);
    expect(events).toEqual(["catalogue_thread_replaced"]);
  });

  it("is given up when it keeps ending", async () => {
    for (let times = 0; times < 4; times++) await expect(end()).rejects.toThrow();
    expect(thread.failure).toContain("the thread ended");
    await expect(get()).rejects.toMatchObject({ code: "storage_failed" });
    expect(events.at(-1)).toBe("catalogue_failed");
  });
});
