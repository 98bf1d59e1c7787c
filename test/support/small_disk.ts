/**
 * A file system of a few megabytes, to be filled to the last byte: ext4 in an image where loop
 * devices are to be had, else tmpfs. Where neither may be mounted (not root, no such kernel), the
 * test is skipped by name.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { temporaryDirectory } from "./process.ts";

export interface SmallDisk {
  readonly path: string;
  readonly kind: "ext4" | "tmpfs";
  freeBytes(): number;
  /** Takes up all that is free, as some other process would. */
  fill(): void;
  /** Gives that back. */
  clear(): void;
}

/** Null where nothing can be mounted here. Unmounted when the test is over. */
export function mountSmallDisk(megabytes: number): SmallDisk | null {
  const directory = temporaryDirectory();
  const path = join(directory, "disk");
  const image = join(directory, "image");
  mkdirSync(path);
  let kind: SmallDisk["kind"] = "ext4";
  if (
    !runs("truncate", "-s", `${megabytes}M`, image) || !runs("mkfs.ext4", "-q", image) ||
    !runs("mount", "-o", "loop", image, path)
  ) {
    kind = "tmpfs";
    if (!runs("mount", "-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", path)) return null;
  }
  onTestFinished(() => void runs("umount", "-l", path));
  const filler = join(path, "filler");
  return {
    path,
    kind,
    freeBytes() {
      const { bfree, bsize } = statfsSync(path);
      return bfree * bsize;
    },
    fill() {
      for (const size of [1 << 20, 1 << 12, 1]) {
        try {
          for (;;) writeFileSync(filler, new Uint8Array(size), { flag: "a" });
        } catch {
          // It is full, for pieces of that size.
        }
      }
    },
    clear: () => rmSync(filler, { force: true }),
  };
}

function runs(command: string, ...args: string[]): boolean {
  return spawnSync(command, args).status === 0;
}
