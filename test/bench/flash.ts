/**
 * `bench flash`: bytes that reach the block device for each byte of record batches, at 1,000
 * messages a second of 200 bytes; commits a second; and beside them what the same bytes cost that
 * are only appended, or only overwritten, at the same pace: so much is the file system's.
 *
 * @module
 */
import { Generators } from "./generators.ts";
import { type Goal, printGoals } from "./goals.ts";
import { metric } from "./http_calls.ts";
import { type LoopDisk, mountLoopDisk } from "./loop_disk.ts";
import type { Options } from "./options.ts";
import { pause } from "./processes.ts";
import { startNode } from "./product.ts";
import { type Cell, printTable, writeReport } from "./report.ts";
import { skipped } from "./say.ts";
import { withWorkDirectory } from "./work_directory.ts";

const MESSAGES_PER_SECOND = 1_000;
const LINGERS_MS = [100, 1_000] as const;
const GOAL_LINGER_MS = 100;
const DISK_MEGABYTES = 600;
/** Between two syncs of a probe: what else there is to write does not gather meanwhile. */
const PROBE_PAUSE_MS = 20;
/** Until connections stand, and the first files are made. */
const WARMUP_MS = 2_000;

interface Writes {
  readonly what: string;
  readonly seconds: number;
  readonly commits: number;
  /** Bytes that were to be kept: of batches, or of what stands for them. */
  readonly batch_bytes: number;
  readonly device_bytes: number;
}

export async function run(options: Options): Promise<void> {
  const seconds = options.number("seconds", options.flag("quick") ? 6 : 30);
  const generators = await Generators.build();
  if (generators === null) return;
  try {
    await withWorkDirectory(async (work) => {
      const disk = await mountLoopDisk(work, DISK_MEGABYTES);
      if (disk === null) return skipped("flash", "no loop device can be mounted here (not root?)");
      try {
        await measure(generators, disk, seconds);
      } finally {
        await disk.unmount();
      }
    });
  } finally {
    await generators.remove();
  }
}

async function measure(generators: Generators, disk: LoopDisk, seconds: number): Promise<void> {
  const results: Writes[] = [];
  for (const lingerMs of LINGERS_MS) {
    const product = await measureProduct(generators, disk, { seconds, lingerMs });
    results.push(product);
    const bytes = Math.round(product.batch_bytes / product.commits);
    const probe = { bytes, count: product.commits, pauseMs: Math.min(lingerMs, PROBE_PAUSE_MS) };
    results.push(await measureAppends(disk, probe));
    results.push(await measureOverwrites(disk, probe));
  }
  printTable(
    `flash: ${MESSAGES_PER_SECOND} messages/s of 200 bytes on ext4, ${seconds} s`,
    ["what", "commits/s", "bytes a commit", "device bytes / batch bytes", "device kB/s"],
    results.map(rowOf),
  );
  const goals = goalsOf(results[0]!);
  printGoals(goals);
  await writeReport({
    bench: "flash",
    units: { batch_bytes: "bytes", device_bytes: "bytes written to the block device" },
    options: { seconds, goal_linger_ms: GOAL_LINGER_MS },
    results: { writes: results, goals },
  });
}

async function measureProduct(
  generators: Generators,
  disk: LoopDisk,
  { seconds, lingerMs }: { readonly seconds: number; readonly lingerMs: number },
): Promise<Writes> {
  const node = await startNode({
    dataDirectory: `${disk.path}/linger-${lingerMs}`,
    environment: { LOGBOOM_LINGER_MS: String(lingerMs) },
  });
  try {
    const counts = async () => ({
      at: performance.now(),
      commits: await metric(node.httpUrl, "logboom_commit_duration_seconds_count"),
      batchBytes: await metric(node.httpUrl, "logboom_bytes_committed_total"),
      deviceBytes: disk.writtenBytes(),
    });
    const load = generators.load("mqtt_load", {
      port: node.mqttPort,
      connections: 10,
      window: 1_000,
      rate: MESSAGES_PER_SECOND,
      seconds: seconds + WARMUP_MS / 1_000 + 1,
    });
    await pause(WARMUP_MS);
    await disk.flush();
    const before = await counts();
    await pause(seconds * 1_000);
    const after = await counts();
    // What the file system still owes for it counts, too.
    await disk.flush();
    const deviceBytes = disk.writtenBytes();
    await load;
    return {
      what: `logboom, linger ${lingerMs} ms`,
      seconds: (after.at - before.at) / 1_000,
      commits: after.commits - before.commits,
      batch_bytes: after.batchBytes - before.batchBytes,
      device_bytes: deviceBytes - before.deviceBytes,
    };
  } finally {
    await node.process.stop();
  }
}

interface Probe {
  readonly bytes: number;
  readonly count: number;
  readonly pauseMs: number;
}

/** As many appends of that size to a file that grows, each made durable: the least a log does. */
async function measureAppends(disk: LoopDisk, probe: Probe): Promise<Writes> {
  using file = await Deno.open(`${disk.path}/appended`, {
    create: true,
    truncate: true,
    write: true,
  });
  return await synced(disk, file, { ...probe, what: "  appends alone" });
}

/** The same over bytes that are there already: nothing for the file system to note. */
async function measureOverwrites(disk: LoopDisk, probe: Probe): Promise<Writes> {
  using file = await Deno.open(`${disk.path}/overwritten`, { create: true, write: true });
  const zeros = new Uint8Array(1 << 20);
  for (let left = probe.bytes * probe.count; left > 0; left -= zeros.length) {
    await file.write(zeros);
  }
  await file.sync();
  await disk.flush();
  await file.seek(0, Deno.SeekMode.Start);
  return await synced(disk, file, { ...probe, what: "  overwrites alone" });
}

async function synced(
  disk: LoopDisk,
  file: Deno.FsFile,
  { what, bytes, count, pauseMs }: Probe & { readonly what: string },
): Promise<Writes> {
  const before = disk.writtenBytes();
  const startedAt = performance.now();
  const content = new Uint8Array(bytes).fill(120);
  for (let i = 0; i < count; i++) {
    await file.write(content);
    await file.syncData();
    await pause(pauseMs);
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  await disk.flush();
  const device_bytes = disk.writtenBytes() - before;
  return { what, seconds, commits: count, batch_bytes: bytes * count, device_bytes };
}

function rowOf({ what, seconds, commits, batch_bytes, device_bytes }: Writes): Cell[] {
  return [
    what,
    what.startsWith(" ") ? undefined : commits / seconds,
    batch_bytes / commits,
    device_bytes / batch_bytes,
    what.startsWith(" ") ? undefined : device_bytes / seconds / 1e3,
  ];
}

function goalsOf({ seconds, commits, batch_bytes, device_bytes }: Writes): Goal[] {
  return [
    {
      id: "G12",
      what: `flash: device bytes / batch bytes, linger ${GOAL_LINGER_MS} ms`,
      measured: device_bytes / batch_bytes,
      bound: 1.15,
      direction: "at most",
      unit: "×",
    },
    {
      id: "G12",
      what: "commits, bounded by the linger",
      measured: commits / seconds,
      bound: 1_000 / GOAL_LINGER_MS,
      direction: "at most",
      unit: "/s",
    },
  ];
}
