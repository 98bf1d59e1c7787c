/**
 * `bench fanout`: one publisher to 1,000 subscribers, and 1,000 publishers to one, QoS 0 and QoS 1,
 * 100 bytes, against mosquitto, in alternating rounds: as many as the windows let, and paced.
 *
 * @module
 */
import { CELLS, type FanoutCell } from "./fanout_cells.ts";
import { type FanoutResult, Generators } from "./generators.ts";
import { measure, type Measurement } from "./measurement.ts";
import type { Options } from "./options.ts";
import { startPeers } from "./peers.ts";
import type { ServerProcess } from "./processes.ts";
import { startNode } from "./product.ts";
import { type Cell, printTable, writeReport } from "./report.ts";
import { say } from "./say.ts";
import { median, pairedRatio, rotated } from "./statistics.ts";
import { withWorkDirectory } from "./work_directory.ts";

interface Subject {
  readonly name: string;
  readonly port: number;
  readonly process: ServerProcess;
}

type Round = (FanoutResult & Measurement) | undefined;

interface CellResult extends FanoutCell {
  /** Measurements by round, under each subject's name. */
  readonly subjects: Readonly<Record<string, Round[]>>;
}

interface Plan {
  readonly rounds: number;
  readonly seconds: number;
  readonly payloadBytes: number;
}

/** Part of each run that is not counted. */
const WARMUP_SECONDS = 0.5;

export async function run(options: Options): Promise<void> {
  const quick = options.flag("quick");
  const plan: Plan = {
    rounds: options.number("rounds", quick ? 2 : 5),
    seconds: options.number("seconds", quick ? 1.5 : 3),
    payloadBytes: options.number("payload", 100),
  };
  const generators = await Generators.build();
  if (generators === null) return;
  try {
    await withWorkDirectory(async (work) => {
      const results = await measureCells(generators, work, plan);
      printResults(results);
      await writeReport({
        bench: "fanout",
        units: {
          rate: "deliveries per second",
          p50_ms: "milliseconds from publishing to delivery",
          server_cpu_s: "CPU seconds of the server while deliveries were counted",
          rss_bytes: "bytes of resident memory, the most during the run",
          generator_cpu_s: "CPU seconds of the generator",
        },
        options: { ...plan },
        results: { cells: results },
      });
    });
  } finally {
    await generators.remove();
  }
}

async function measureCells(
  generators: Generators,
  work: string,
  plan: Plan,
): Promise<CellResult[]> {
  const node = await startNode({ dataDirectory: `${work}/node` });
  const peers = await startPeers(["mosquitto"], work, generators);
  const own: Subject = { name: "logboom", port: node.mqttPort, process: node.process };
  const subjects = [own, ...peers];
  const once = ({ port, process }: Subject, { name: _, ...cell }: FanoutCell): Promise<Round> =>
    measure<FanoutResult>(generators, process, {
      generator: "fanout_load",
      options: {
        ...{ ...cell, port, payload: plan.payloadBytes, server: process.pid },
        ...{ seconds: plan.seconds + WARMUP_SECONDS, warmup: WARMUP_SECONDS },
      },
    });
  const results: CellResult[] = [];
  try {
    for (const subject of subjects) await once(subject, CELLS[0]!);
    for (const cell of CELLS) {
      const measured: Record<string, Round[]> = {};
      for (const { name } of subjects) measured[name] = [];
      for (let round = 0; round < plan.rounds; round++) {
        for (const subject of rotated(subjects, round)) {
          measured[subject.name]!.push(await once(subject, cell));
        }
      }
      results.push({ ...cell, subjects: measured });
      say(`${cell.name}: ${subjects.map(({ name }) => told(name, measured[name]!)).join("  ")}`);
    }
  } finally {
    for (const { process } of subjects) await process.stop();
  }
  return results;
}

function told(name: string, rounds: readonly Round[]): string {
  return `${name} ${Math.round(middle(rounds, "rate")).toLocaleString("en-US")}/s`;
}

const HEADS = [
  "",
  "server",
  "deliveries/s",
  "p50 ms",
  "p99 ms",
  "CPU s/100k",
  "RSS MB",
  "generator CPU",
  "lost",
  "× rate",
  "× p99",
];

function printResults(results: readonly CellResult[]): void {
  const rows: Cell[][] = [];
  for (const { name: cell, subjects } of results) {
    const own = subjects["logboom"]!;
    for (const [name, rounds] of Object.entries(subjects)) {
      const against = (figure: "rate" | "p99_ms") =>
        name === "logboom" ? undefined : pairedRatio(of(own, figure), of(rounds, figure)).median;
      const busy = rounds.map((round) =>
        round === undefined ? NaN : round.generator_cpu_s / (round.seconds + WARMUP_SECONDS)
      );
      rows.push([
        ...[name === "logboom" ? cell : "", name],
        ...[middle(rounds, "rate"), middle(rounds, "p50_ms"), middle(rounds, "p99_ms")],
        ...[median(present(rounds.map(cpuPer100k))), middle(rounds, "rss_bytes") / 1e6],
        `${Math.round(100 * median(busy))} %`,
        troubles(rounds),
        ...[against("rate"), against("p99_ms")],
      ]);
    }
  }
  printTable("fan-out, medians of the rounds", HEADS, rows);
}

/** What was lost over all rounds, and what else should not have been. */
function troubles(rounds: readonly Round[]): string {
  const sum = (name: "lost" | "late_or_twice") =>
    of(rounds, name).reduce((total: number, count) => total + (count ?? 0), 0);
  const failed = rounds.filter((round) => round === undefined).length;
  const others = [
    sum("late_or_twice") > 0 ? `${sum("late_or_twice")} late or twice` : "",
    failed > 0 ? `${failed} runs failed` : "",
  ];
  return [String(sum("lost")), ...others.filter((text) => text !== "")].join(", ");
}

function of(rounds: readonly Round[], name: keyof FanoutResult | keyof Measurement) {
  return rounds.map((round) => round?.[name]);
}

function middle(rounds: readonly Round[], name: keyof FanoutResult | keyof Measurement): number {
  return median(present(of(rounds, name)));
}

/** Server CPU seconds for 100,000 deliveries, without those of connecting. */
function cpuPer100k(round: Round): number | undefined {
  return round === undefined ? undefined : round.server_cpu_s / round.counted * 100_000;
}

function present(values: readonly (number | undefined)[]): number[] {
  return values.filter((value) => value !== undefined);
}
