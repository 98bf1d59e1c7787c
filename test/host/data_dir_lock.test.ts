import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { describe, expect, it, onTestFinished } from "vitest";
import { lockDataDir } from "../../src/host/data_dir_lock.ts";

function temporary(): string {
  const path = mkdtempSync(join(tmpdir(), "logboom-lock-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

describe("lockDataDir()", () => {
  it("makes the directory, and refuses a second holder with what to do", () => {
    const dataDir = join(temporary(), "a/b");
    const lock = lockDataDir(dataDir);
    expect(() => lockDataDir(dataDir)).toThrow(
      `Cannot use data directory ${dataDir}: process ${process.pid} is using it; ` +
        "stop that process or choose another --data-dir",
    );
    lock.release();
    lockDataDir(dataDir).release();
  });

  it("is not held by what a dead process left behind", () => {
    const dataDir = temporary();
    writeFileSync(join(dataDir, "lock"), "12345678\nmore than the new pid");
    const lock = lockDataDir(dataDir);
    expect(readFileSync(join(dataDir, "lock"), "utf8")).toBe(`${process.pid}\n`);
    lock.release();
  });

  it("refuses a file", () => {
    const file = join(temporary(), "file");
    writeFileSync(file, "");
    expect(() => lockDataDir(file)).toThrow(
      `Cannot use data directory ${file}: it is a file, not a directory; choose another --data-dir`,
    );
  });

  it("refuses a directory it cannot use", () => {
    const file = join(temporary(), "file");
    writeFileSync(file, "");
    expect(() => lockDataDir(join(file, "data"))).toThrow(
      /^Cannot use data directory .*data: .*; make it readable .*--data-dir$/,
    );
  });
});
