/** A segment is written by the core itself, then damaged. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { concat, utf8 } from "../../src/base/bytes.ts";
import { DUMP } from "../../src/cli/dump.ts";
import { Core } from "../../src/core/core.ts";
import { loadCoreFile } from "../../src/host/core_file.ts";
import { runCommand } from "../support/terminal.ts";

let dataDir: string;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "logboom-dump-"));
  mkdirSync(join(dataDir, "logs-0"));
});

afterEach(() => rmSync(dataDir, { recursive: true }));

function batches(): Uint8Array[] {
  const core = Core.create(loadCoreFile());
  return [0, 2, 4].map((baseOffset) => {
    core.append(0, { timestamp: 1_000, key: utf8("k"), value: utf8(`v${baseOffset}`) });
    core.append(0, { timestamp: 1_001, value: Uint8Array.of(0xff) });
    const logId = "00000000000000aa";
    return core.seal(0, { baseOffset, leaderEpoch: 1, logId, compression: "none" });
  });
}

const write = (bytes: Uint8Array) =>
  writeFileSync(join(dataDir, "logs-0/00000000000000000000.log"), bytes);

describe("dump", () => {
  it("shows a line per batch", async () => {
    write(concat(batches()));
    const { stdout } = await runCommand(DUMP, { args: [dataDir, "logs"] });
    const lines = stdout.trim().split("\n");
    expect(lines[0]).toMatch(/logs-0\/0{20}\.log$/);
    expect(lines).toHaveLength(5);
    expect(lines[2]).toMatch(/^ *0 +\d+ +0\.\.1 +2 +1 +none +[0-9a-f]{8} +00000000000000aa +0$/);
    expect(lines[4]).toMatch(/4\.\.5 .* 4$/);
  });

  it("shows records as JSON lines, and says what is no text", async () => {
    write(concat(batches()));
    const { stdout } = await runCommand(DUMP, { args: [dataDir, "logs", "--records"] });
    const records = stdout.trim().split("\n").map((line) => JSON.parse(line));
    expect(records.map(({ offset }) => offset)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(records[0]).toEqual({ offset: 0, timestamp: 1_000, key: "k", value: "v0", headers: [] });
    expect(records[1].value).toEqual({ base64: "/w==" });
  });

  it("shows damage and goes on behind it", async () => {
    const [first, second, third] = batches() as [Uint8Array, Uint8Array, Uint8Array];
    second[second.length - 1]! ^= 1;
    write(concat([first, second, third, Uint8Array.of(1, 2, 3)]));
    const { stdout } = await runCommand(DUMP, { args: [dataDir, "logs"] });
    const lines = stdout.trim().split("\n");
    expect(lines[3]).toMatch(new RegExp(`^ *${first.length} +${second.length} +BAD_CHECKSUM`, "i"));
    expect(lines[4]).toMatch(/4\.\.5/);
    expect(lines[5]).toMatch(/NEED_MORE/i);
    const { stdout: records, remarks } = await runCommand(DUMP, {
      args: [dataDir, "logs", "--records"],
    });
    expect(records.trim().split("\n")).toHaveLength(4);
    expect(remarks).toHaveLength(2);
  });

  it("says what it could not find", async () => {
    await expect(runCommand(DUMP, { args: [dataDir, "nope"] })).rejects
      .toThrow(/^Cannot read .*nope-0: /);
    await expect(runCommand(DUMP, { args: ["test/cli"] })).rejects
      .toThrow("Cannot read test/cli: no node's data lies there");
  });
});
