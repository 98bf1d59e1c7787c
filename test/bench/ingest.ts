/**
 * `bench ingest`: durable MQTT QoS 1 publishes of 200 bytes, against what else people run at the
 * edge, in alternating rounds. `--goals` measures only what the goals G1 to G5 are stated for.
 *
 * @module
 */
import { Generators, type SyncProbeResult } from "./generators.ts";
import { printGoals } from "./goals.ts";
import { ALL_CELLS, cellName, GOAL_CELLS, type IngestCell, parseCell } from "./ingest_cells.ts";
import { ingestGoals } from "./ingest_goals.ts";
import { figures, measure, type Measurement } from "./measurement.ts";
import type { Options } from "./options.ts";
import { PEER_NAMES, startPeers } from "./peers.ts";
import type { ServerProcess } from "./processes.ts";
import { startNode } from "./product.ts";
import { type Cell, printTable, writeReport } from "./report.ts";
import { say } from "./say.ts";
import { median, pairedRatio, rotated } from "./statistics.ts";
import { withWorkDirectory } from "./work_directory.ts";

/** A server that takes part; `name` is a peer's, or "logboom". */
interface Subject {
  readonly name: string;
  readonly protocol: "mqtt" | "redis";
  readonly port: number;
  readonly process: ServerProcess;
  readonly note: string;
}

export interface CellResult {
  readonly cell: string;
  /** Measurements by round, under each subject's name. */
  readonly subjects: Readonly<Record<string, (Measurement | undefined)[]>>;
  /** The raw disk, probed in the same rounds. */
  readonly disk: SyncProbeResult[];
}

interface Plan {
  readonly rounds: number;
  readonly seconds: number;
  readonly payloadBytes: number;
}

const UNITS = {
  rate: "acknowledged messages per second",
  p50_ms: "milliseconds from send to acknowledgement",
  p99_ms: "milliseconds",
  max_ms: "milliseconds",
  cpu_s_per_100k: "server CPU seconds per 100,000 messages",
  rss_bytes: "bytes of resident memory, the most during the run",
  generator_cpu_s: "CPU seconds of the generator",
};

/** Part of each run that is not counted: connections opening, caches filling. */
const WARMUP_SECONDS = 0.3;
const PROBE_SECONDS = 0.5;

export async function run(options: Options): Promise<void> {
  const quick = options.flag("quick");
  const goalsOnly = options.flag("goals");
  const plan: Plan = {
    rounds: options.number("rounds", quick ? 2 : goalsOnly ? 5 : 3),
    seconds: options.number("seconds", quick ? 1 : 2),
    payloadBytes: options.number("payload", 200),
  };
  const names = options.list("cells", []);
  const cells = names.length > 0 ? names.map(parseCell) : goalsOnly ? GOAL_CELLS : ALL_CELLS;
  const peerNames = options.list("peers", PEER_NAMES).filter((name) => name !== "none");
  const delayMs = options.number("sync-delay-ms", 10);
  const generators = await Generators.build();
  if (generators === null) return;
  try {
    await withWorkDirectory(async (work) => {
      const results = await measureCells({ generators, work, plan, cells, peerNames });
      const slow = await measureSlowDisk({ generators, work, plan, delayMs });
      printResults(results, slow, delayMs);
      const goals = ingestGoals(results, slow, delayMs);
      printGoals(goals);
      await writeReport({
        bench: "ingest",
        units: UNITS,
        options: { ...plan, delayMs, peers: peerNames.join(",") },
        results: { cells: results, slow_disk: slow, goals },
      });
    });
  } finally {
    await generators.remove();
  }
}

interface CellsOptions {
  readonly generators: Generators;
  readonly work: string;
  readonly plan: Plan;
  readonly cells: readonly IngestCell[];
  readonly peerNames: readonly string[];
}

async function measureCells(o: CellsOptions): Promise<CellResult[]> {
  const peers = await startPeers(o.peerNames, o.work, o.generators);
  const subjects: Subject[] = [await startProduct(`${o.work}/node`), ...peers];
  try {
    for (const subject of subjects) say(`${subject.name.padEnd(10)} ${subject.note}`);
    const warm = { connections: 10, window: 100, topics: 1 };
    for (const subject of subjects) await measureOnce(o, subject, warm);
    const results: CellResult[] = [];
    for (const cell of o.cells) {
      // Memory of 1,000 connections is that of a node which had no other guests before.
      const fresh = cell.connections >= 1_000 ? await startProduct(`${o.work}/fresh`) : null;
      try {
        const [first, ...rest] = subjects;
        results.push(await measureCell(o, cell, [fresh ?? first!, ...rest]));
      } finally {
        await fresh?.process.stop();
        if (fresh !== null) await Deno.remove(`${o.work}/fresh`, { recursive: true });
      }
    }
    return results;
  } finally {
    for (const subject of subjects) await subject.process.stop();
  }
}

async function startProduct(
  dataDirectory: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<Subject> {
  const node = await startNode({ dataDirectory, environment });
  return {
    name: "logboom",
    protocol: "mqtt",
    port: node.mqttPort,
    process: node.process,
    note: "acknowledged when synced",
  };
}

async function measureCell(
  o: CellsOptions,
  cell: IngestCell,
  subjects: readonly Subject[],
): Promise<CellResult> {
  const measured: Record<string, (Measurement | undefined)[]> = {};
  for (const { name } of subjects) measured[name] = [];
  const disk: SyncProbeResult[] = [];
  for (let round = 0; round < o.plan.rounds; round++) {
    disk.push(await o.generators.syncProbe(o.work, PROBE_SECONDS));
    for (const subject of rotated(subjects, round)) {
      measured[subject.name]!.push(await measureOnce(o, subject, cell));
    }
  }
  const rates = subjects.map(({ name }) =>
    `${name} ${Math.round(median(present(measured[name]!, "rate"))).toLocaleString("en-US")}/s`
  );
  say(`${cellName(cell).padEnd(12)} ${rates.join("  ")}`);
  return { cell: cellName(cell), subjects: measured, disk };
}

function measureOnce(
  { generators, plan }: Pick<CellsOptions, "generators" | "plan">,
  subject: Subject,
  cell: IngestCell,
): Promise<Measurement | undefined> {
  return measure(generators, subject.process, {
    generator: subject.protocol === "mqtt" ? "mqtt_load" : "redis_load",
    options: {
      ...cell,
      port: subject.port,
      payload: plan.payloadBytes,
      seconds: plan.seconds + WARMUP_SECONDS,
      warmup: WARMUP_SECONDS,
    },
  });
}

interface SlowDiskOptions {
  readonly generators: Generators;
  readonly work: string;
  readonly plan: Plan;
  readonly delayMs: number;
}

/** A disk whose syncs take as long as an SD card's: what is left must come from group commit. */
async function measureSlowDisk(o: SlowDiskOptions): Promise<(Measurement | undefined)[]> {
  const subject = await startProduct(`${o.work}/slow`, {
    LOGBOOM_SYNC_DELAY_MS: String(o.delayMs),
  });
  try {
    const cell = { connections: 100, window: 10, topics: 1 };
    const rounds: (Measurement | undefined)[] = [];
    await measureOnce(o, subject, cell);
    for (let i = 0; i < o.plan.rounds; i++) rounds.push(await measureOnce(o, subject, cell));
    return rounds;
  } finally {
    await subject.process.stop();
  }
}

function present(rounds: readonly (Measurement | undefined)[], name: keyof Measurement): number[] {
  return figures(rounds, name).filter((value) => value !== undefined);
}

const HEADS = [
  "cell",
  "server",
  "msg/s",
  "p50 ms",
  "p99 ms",
  "max ms",
  "CPU s/100k",
  "RSS MB",
  "× rate",
];

function printResults(
  results: readonly CellResult[],
  slow: readonly (Measurement | undefined)[],
  delayMs: number,
): void {
  const rows: Cell[][] = [];
  for (const { cell, subjects, disk } of results) {
    const own = figures(subjects["logboom"] ?? [], "rate");
    for (const [name, rounds] of Object.entries(subjects)) {
      const ratio = name === "logboom" ? undefined : pairedRatio(own, figures(rounds, "rate"));
      rows.push([name === "logboom" ? cell : "", name, ...middle(rounds), ratio?.median]);
    }
    rows.push(["", "raw disk", undefined, median(disk.map((probe) => probe.p50_ms))]);
  }
  rows.push(["100x10x1", `logboom +${delayMs} ms`, ...middle(slow)]);
  printTable("ingest: durable QoS 1, medians of the rounds", HEADS, rows);
}

function middle(rounds: readonly (Measurement | undefined)[]): Cell[] {
  const of = (name: keyof Measurement) => median(present(rounds, name));
  return [
    of("rate"),
    of("p50_ms"),
    of("p99_ms"),
    of("max_ms"),
    of("cpu_s_per_100k"),
    of("rss_bytes") / 1e6,
  ];
}
