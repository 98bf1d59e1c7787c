/** The disk's contract holds over the overlay, and what lies below is never touched. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { openDisk } from "../../src/host/disk.ts";
import { OverlayDisk } from "../../src/host/overlay_disk.ts";
import { describeDisk } from "../contract/disk.ts";

describeDisk("in memory, over one that is only read", () => {
  const directory = mkdtempSync(join(tmpdir(), "logboom-disk-"));
  return {
    disk: new OverlayDisk(openDisk(directory, { readOnly: true })),
    close: () => rmSync(directory, { recursive: true }),
  };
});

let root: string;
let disk: OverlayDisk;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "logboom-disk-"));
  mkdirSync(join(root, "logs-0"));
  writeFileSync(join(root, "logs-0", "a.log"), "abcdef");
  writeFileSync(join(root, "ledger"), "12345");
  disk = new OverlayDisk(openDisk(root, { readOnly: true }));
});

afterEach(() => {
  disk.close();
  rmSync(root, { recursive: true });
});

function textOf(path: string): string {
  const file = disk.open(path);
  const bytes = new Uint8Array(file.size());
  file.readAtNow(0, bytes);
  return new TextDecoder().decode(bytes);
}

describe("OverlayDisk", () => {
  it("shows what lies below until it is written to, and then what was written", () => {
    expect(disk.list("")).toEqual(["ledger", "logs-0"]);
    expect(textOf("logs-0/a.log")).toBe("abcdef");
    disk.open("logs-0/a.log").truncate(4);
    expect(textOf("logs-0/a.log")).toBe("abcd");
    disk.open("logs-0/a.log").writeAt(6, utf8("X"));
    expect(textOf("logs-0/a.log")).toBe("abcd\0\0X");
    disk.open("ledger").writeAt(1, utf8("--"));
    expect(textOf("ledger")).toBe("1--45");
  });

  it("removes and renames for itself only", () => {
    disk.rename("ledger", "ledger.old");
    disk.removeDirectory("logs-0");
    expect(disk.list("")).toEqual(["ledger.old"]);
    expect(disk.exists("logs-0/a.log")).toBe(false);
    expect(disk.list("logs-0")).toEqual([]);
    expect(textOf("ledger.old")).toBe("12345");
    disk.open("ledger", { create: true }).writeAt(0, utf8("new"));
    expect(textOf("ledger")).toBe("new");
    expect(readdirSync(root).sort()).toEqual(["ledger", "logs-0"]);
    expect(readFileSync(join(root, "ledger"), "utf8")).toBe("12345");
    expect(readFileSync(join(root, "logs-0", "a.log"), "utf8")).toBe("abcdef");
  });
});
