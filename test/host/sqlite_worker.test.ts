/** The catalogue's thread, asked directly; what it keeps is in sqlite_catalogue.test.ts. */
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { WorkerAnswer, WorkerRequest } from "../../src/host/sqlite_worker.ts";

let directory: string;
let worker: Worker;

beforeEach(() => {
  directory = fs.mkdtempSync(join(tmpdir(), "logboom-sqlite-"));
  const url = new URL("../../src/host/sqlite_worker.ts", import.meta.url);
  worker = new Worker(url.href, { type: "module" });
});
afterEach(() => {
  worker.terminate();
  fs.rmSync(directory, { recursive: true });
});

type Ask = WorkerRequest extends infer One
  ? One extends WorkerRequest ? Omit<One, "freeBytes"> : never
  : never;

function ask(request: Ask): Promise<WorkerAnswer> {
  return new Promise((resolve) => {
    worker.onmessage = ({ data }: MessageEvent<WorkerAnswer>) => resolve(data);
    worker.postMessage({ ...request, freeBytes: 2 ** 30 });
  });
}

function openIt(): Promise<WorkerAnswer> {
  const settings = { path: join(directory, "c.sqlite"), ballastBytes: 64 * 1024 };
  return ask({ id: 1, kind: "open", settings });
}

describe("sqlite_worker", () => {
  it("makes a list of statements one transaction: whole, or not at all", async () => {
    const put = "INSERT INTO meta VALUES (?, ?)";
    const query = { id: 9, kind: "query", statement: ["SELECT * FROM meta", []] } as const;
    expect(await openIt()).toEqual({ id: 1 });
    const twice = [[put, ["a", "1"]], [put, ["a", "2"]]] as const;
    const refused = await ask({ id: 2, kind: "change", statements: twice });
    expect(refused).toMatchObject({ id: 2, error: { full: false } });
    expect((await ask(query)).rows).toEqual([]);
    await ask({ id: 3, kind: "change", statements: [[put, ["a", "1"]], [put, ["b", "2"]]] });
    expect((await ask(query)).rows?.length).toBe(2);
    await ask({ id: 4, kind: "close" });
  });

  it("runs in WAL, syncs every commit, and has pages to spare", async () => {
    await openIt();
    const pragma = async (name: string) => {
      const { rows } = await ask({ id: 2, kind: "query", statement: [`PRAGMA ${name}`, []] });
      return Object.values(rows![0]!)[0];
    };
    expect(await pragma("journal_mode")).toBe("wal");
    expect(await pragma("synchronous")).toBe(2);
    expect(await pragma("freelist_count")).toBeGreaterThanOrEqual(64);
    expect(fs.statSync(join(directory, "c.sqlite.ballast")).size).toBe(64 * 1024);
  });
});
