/**
 * A file system of its own on a loop device: what goes to the device is all of the program's, the
 * file system's journal included, and nobody else's.
 *
 * @module
 */
import { succeeds } from "./processes.ts";

export interface LoopDisk {
  readonly path: string;
  /** Bytes written to the block device since it was made. */
  writtenBytes(): number;
  /** Puts down all that is still to be written. */
  flush(): Promise<void>;
  unmount(): Promise<void>;
}

const SECTOR_BYTES = 512;
/** Position of "sectors written" in a block device's `stat`. */
const SECTORS_WRITTEN = 6;

/** Null where no loop device may be mounted: not root, or no such kernel. */
export async function mountLoopDisk(
  directory: string,
  megabytes: number,
): Promise<LoopDisk | null> {
  const path = `${directory}/disk`;
  const image = `${directory}/image`;
  await Deno.mkdir(path, { recursive: true });
  const mounted = await succeeds("truncate", "-s", `${megabytes}M`, image) &&
    // Inode tables are written now rather than while something is measured.
    await succeeds("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0", image) &&
    await succeeds("mount", "-o", "loop", image, path);
  if (!mounted) return null;
  const { dev } = await Deno.stat(path);
  const stat = `/sys/dev/block/${dev >> 8}:${dev & 0xff}/stat`;
  return {
    path,
    writtenBytes: () => writtenBytes(stat),
    flush: async () => void await succeeds("sync", "-f", path),
    unmount: async () => void await succeeds("umount", "-l", path),
  };
}

function writtenBytes(stat: string): number {
  const fields = Deno.readTextFileSync(stat).trim().split(/\s+/);
  return Number(fields[SECTORS_WRITTEN]) * SECTOR_BYTES;
}
