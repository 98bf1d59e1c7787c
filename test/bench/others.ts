/**
 * `bench others`: durable publishing while 1,000 clients subscribe to other topics, over the same
 * without them, in the same rounds; the same of mosquitto.
 *
 * @module
 */
import { Generators } from "./generators.ts";
import { type Goal, printGoals } from "./goals.ts";
import { cellName, type IngestCell } from "./ingest_cells.ts";
import { figures, measure, type Measurement } from "./measurement.ts";
import type { Options } from "./options.ts";
import { startPeers } from "./peers.ts";
import type { ServerProcess } from "./processes.ts";
import { startNode } from "./product.ts";
import { type Cell, printTable, writeReport } from "./report.ts";
import { median, type PairedRatio, pairedRatio, rotated } from "./statistics.ts";
import { withWorkDirectory } from "./work_directory.ts";

interface Subject {
  readonly name: string;
  readonly port: number;
  readonly process: ServerProcess;
}

interface Result {
  readonly cell: string;
  readonly server: string;
  readonly without: (Measurement | undefined)[];
  readonly with: (Measurement | undefined)[];
}

const CELLS: readonly IngestCell[] = [
  { connections: 10, window: 100, topics: 1 },
  { connections: 10, window: 100, topics: 1_000 },
  { connections: 100, window: 1, topics: 1 },
];
/** Beside what is published, level by level, and never matching it. */
const FILTER = "site/+/dev/%05d/command";
const WARMUP_SECONDS = 0.3;

export async function run(options: Options): Promise<void> {
  const quick = options.flag("quick");
  const rounds = options.number("rounds", quick ? 2 : 5);
  const seconds = options.number("seconds", quick ? 1 : 2);
  const subscribers = options.number("subscribers", 1_000);
  const generators = await Generators.build();
  if (generators === null) return;
  try {
    await withWorkDirectory(async (work) => {
      const node = await startNode({ dataDirectory: `${work}/node` });
      const own: Subject = { name: "logboom", port: node.mqttPort, process: node.process };
      const subjects = [own, ...await startPeers(["mosquitto"], work, generators)];
      const results: Result[] = [];
      try {
        for (const cell of CELLS) {
          const measured = subjects.map(({ name }): Result => ({
            ...{ cell: cellName(cell), server: name, without: [], with: [] },
          }));
          for (let round = 0; round < rounds; round++) {
            for (const subject of rotated(subjects, round)) {
              const result = measured.find(({ server }) => server === subject.name)!;
              // Either goes first in turn.
              for (const beside of rotated([0, subscribers], round)) {
                (beside === 0 ? result.without : result.with)
                  .push(await measureBeside(generators, subject, { cell, seconds, beside }));
              }
            }
          }
          results.push(...measured);
        }
      } finally {
        for (const { process } of subjects) await process.stop();
      }
      printResults(results, subscribers);
      const goals = goalsOf(results);
      printGoals(goals);
      await writeReport({
        bench: "others",
        units: {
          rate: "acknowledged messages per second",
          cpu_s_per_100k: "server CPU seconds per 100,000 messages",
        },
        options: { rounds, seconds, subscribers, filter: FILTER },
        results: { cells: results, goals },
      });
    });
  } finally {
    await generators.remove();
  }
}

interface Beside {
  readonly cell: IngestCell;
  readonly seconds: number;
  /** Clients that subscribe to something else. */
  readonly beside: number;
}

async function measureBeside(
  generators: Generators,
  { port, process }: Subject,
  { cell, seconds, beside }: Beside,
): Promise<Measurement | undefined> {
  const held = beside === 0 ? null : await generators.idleClients({
    ...{ port, connections: beside, filter: FILTER, prefix: "other" },
  });
  try {
    return await measure(generators, process, {
      generator: "mqtt_load",
      options: {
        ...{ ...cell, port, payload: 200 },
        ...{ seconds: seconds + WARMUP_SECONDS, warmup: WARMUP_SECONDS },
      },
    });
  } finally {
    await held?.leave();
  }
}

function printResults(results: readonly Result[], subscribers: number): void {
  const rows = results.map(({ cell, server, without, with: among }): Cell[] => {
    const middle = (rounds: readonly (Measurement | undefined)[], name: keyof Measurement) =>
      median(figures(rounds, name).filter((value) => value !== undefined));
    const { median: ratio, min, max } = ratioOf({ without, with: among }, "rate");
    const cpu = ratioOf({ without, with: among }, "cpu_s_per_100k");
    return [
      ...[server === "logboom" ? cell : "", server],
      ...[middle(without, "rate"), middle(among, "rate"), ratio],
      `${min.toFixed(2)} to ${max.toFixed(2)}`,
      ...[middle(without, "p99_ms"), middle(among, "p99_ms")],
      ...[middle(without, "cpu_s_per_100k"), middle(among, "cpu_s_per_100k"), cpu.median],
      `${cpu.min.toFixed(2)} to ${cpu.max.toFixed(2)}`,
    ];
  });
  const count = subscribers.toLocaleString("en-US");
  const heads = [
    ...["cell", "server", "msg/s alone", `${count} beside`, "×", "of the rounds"],
    ...["p99 ms alone", "beside", "CPU s/100k alone", "beside", "×", "of the rounds"],
  ];
  printTable("publishing beside subscriptions to other topics", heads, rows);
}

function ratioOf(result: Pick<Result, "with" | "without">, figure: keyof Measurement): PairedRatio {
  return pairedRatio(figures(result.with, figure), figures(result.without, figure));
}

/** The rate, and what depends less on who else has the machine. */
function goalsOf(results: readonly Result[]): Goal[] {
  return results.filter(({ server }) => server === "logboom").flatMap((result): Goal[] => [
    {
      ...{ id: "–", what: `${result.cell}: rate beside / alone`, unit: "×" },
      measured: ratioOf(result, "rate").median,
      ...{ bound: 0.95, direction: "at least" },
    },
    {
      ...{ id: "–", what: `${result.cell}: CPU per message beside / alone`, unit: "×" },
      measured: ratioOf(result, "cpu_s_per_100k").median,
      ...{ bound: 1.05, direction: "at most" },
    },
  ]);
}
