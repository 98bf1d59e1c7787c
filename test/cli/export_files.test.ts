/** Files on a medium: sealed or not there, each standing for itself. The whole way: conformance. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ExportFiles } from "../../src/cli/export_files.ts";
import { readerOf } from "../../src/cli/export_stream.ts";
import { ExportReader } from "../../src/format/export_file.ts";
import { decodeLogs, type LogAnnouncement } from "../../src/protocol/replication/announce.ts";
import { AppendWriter } from "../../src/protocol/replication/append_frames.ts";
import { batchOf } from "../support/batches.ts";
import { testCore } from "../support/core.ts";

const core = testCore();
const crc32c = (bytes: Uint8Array) => core.crc32c(bytes);
const [FIRST, SECOND] = ["00000000000000a1", "00000000000000a2"] as const;
const head = { nodeId: "00000000000000aa", nodeName: "gw 1", run: "ee".repeat(8), createdMs: 5 };
const log = (logId: string, more: Partial<LogAnnouncement> = {}): LogAnnouncement => ({
  ...{ logId, gateway: "gw 1", topic: "logs", partition: 0, firstOffset: 0, endOffset: 9 },
  ...{ predecessor: null, predecessorEnd: 0, root: FIRST },
  ...more,
});

let directory: string;
beforeEach(() => directory = mkdtempSync(join(tmpdir(), "logboom-medium-")));
afterEach(() => rmSync(directory, { recursive: true }));

const filesTo = (to: string, maxBytes: number | null = null) =>
  new ExportFiles({ to, maxBytes, head, crc32c });

function part(logId: string, sourceOffset: number) {
  const writer = new AppendWriter(crc32c);
  writer.lane("logs/0", "strict", 0);
  writer.batches([batchOf(core, ["a", "b"], { logId, baseOffset: sourceOffset })]);
  return { kind: "append" as const, body: writer.finish(), records: 2 };
}

async function contents(path: string) {
  const bytes = async function* () {
    yield await Promise.resolve(new Uint8Array(readFileSync(path)));
  };
  const reader = new ExportReader(readerOf(bytes()), { path, crc32c });
  const { part: number } = await reader.head();
  const logs: string[] = [];
  let appends = 0;
  for await (const { kind, payload } of reader.sections()) {
    if (kind === "announce") logs.push(...decodeLogs(payload).map(({ logId }) => logId));
    else appends++;
  }
  return { number, logs, appends };
}

async function fill(files: ExportFiles) {
  const second = log(SECOND, { predecessor: FIRST, predecessorEnd: 4, firstOffset: 4 });
  await files.add({ kind: "announce", logs: [log(FIRST), second] });
  for (const [logId, from] of [[FIRST, 0], [FIRST, 2], [SECOND, 4]] as const) {
    await files.add(part(logId, from));
  }
  await files.finish();
}

describe("ExportFiles", () => {
  it("writes one file under its name, once it is sealed", async () => {
    const files = filesTo(join(directory, "all.export"));
    await fill(files);
    expect(readdirSync(directory)).toEqual(["all.export"]);
    expect(files.written).toMatchObject([{ records: 6 }]);
    expect(await contents(join(directory, "all.export")))
      .toEqual({ number: 1, logs: [FIRST, SECOND], appends: 3 });
  });

  it("writes as many as the bound asks for, and names in each the runs before its own", async () => {
    const files = filesTo(directory, 1);
    await fill(files);
    const names = readdirSync(directory).sort();
    expect(names).toEqual([1, 2, 3].map((at) => `logboom-gw_1-${head.run}-000${at}.export`));
    expect(await Promise.all(names.map((name) => contents(join(directory, name))))).toEqual([
      { number: 1, logs: [FIRST], appends: 1 },
      { number: 2, logs: [FIRST], appends: 1 },
      { number: 3, logs: [FIRST, SECOND], appends: 1 },
    ]);
  });

  it("leaves out of a single file what the bound has no room for, and counts it", async () => {
    const files = filesTo(join(directory, "one.export"), 1);
    await fill(files);
    expect(files.leftOut).toBe(4);
    expect(await contents(join(directory, "one.export"))).toMatchObject({ appends: 1 });
  });

  it("leaves nothing behind where it is given up, and overwrites nothing unfinished", async () => {
    const to = join(directory, "all.export");
    const files = filesTo(to);
    await files.add({ kind: "announce", logs: [log(FIRST)] });
    await files.add(part(FIRST, 0));
    await expect(fill(filesTo(to))).rejects.toThrow("is there already");
    await files.abandon();
    expect(readdirSync(directory)).toEqual([]);
    await fill(filesTo(to));
    expect(readdirSync(directory)).toEqual(["all.export"]);
  });

  it("says where it cannot write", async () => {
    writeFileSync(join(directory, "file"), "");
    await expect(fill(filesTo(join(directory, "file", "all.export")))).rejects.toMatchObject({
      code: "storage_failed",
    });
  });
});
