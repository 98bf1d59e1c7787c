/**
 * `bench readers`: 1,000 long polls and 1,000 tails of one topic at once, with and without 100 among
 * the tails that never read, while a producer sends a few records a few times a second: what the
 * others have of it, and what it costs. The stuck ones begin at the earliest record of some tens of
 * megabytes, so that all there is between is full at once; the node drops them within the run.
 *
 * @module
 */
import { Generators, type ReadersResult } from "./generators.ts";
import { type Goal, printGoals } from "./goals.ts";
import { openFilesMax } from "./idle_clients.ts";
import type { Options } from "./options.ts";
import { pause, type ServerProcess } from "./processes.ts";
import { startNode } from "./product.ts";
import { type Cell, printTable, writeReport } from "./report.ts";
import { say, skipped } from "./say.ts";
import { median, pairedRatio, rotated } from "./statistics.ts";
import { withWorkDirectory } from "./work_directory.ts";

interface Round extends ReadersResult {
  readonly before_bytes: number;
  /** A third into the run, when all are there and the stuck ones are full. */
  readonly early_bytes: number;
  readonly late_bytes: number;
  readonly most_bytes: number;
  /** Seconds of one processor for each second. */
  readonly cpu: number;
}

const VARIANTS = ["all read", "100 tails never do"] as const;
type Variant = typeof VARIANTS[number];
const STUCK = 100;
const TOPIC = "/v1/topics/t";
const BACKLOG_BYTES = 24e6;
const WARMUP_S = 5;
const OTHER_FILES = 200;

interface Amounts {
  readonly polls: number;
  readonly tails: number;
  readonly rate: number;
  readonly lines: number;
  readonly seconds: number;
  readonly rounds: number;
}

export async function run(options: Options): Promise<void> {
  const quick = options.flag("quick");
  const amounts: Amounts = {
    polls: options.number("polls", 1_000),
    tails: options.number("tails", 1_000),
    rate: options.number("rate", 2),
    lines: options.number("lines", 5),
    // It takes a while until all between is full; then 30 s until the stuck are told, and 10 more.
    seconds: options.number("seconds", quick ? 15 : 110),
    rounds: options.number("rounds", quick ? 1 : 2),
  };
  const files = amounts.polls + amounts.tails + OTHER_FILES;
  const filesMax = await openFilesMax();
  if (filesMax < files) {
    return skipped(`${files} connections`, `ulimit -n is ${filesMax}; raise it to ${files}`);
  }
  const generators = await Generators.build();
  if (generators === null) return;
  try {
    await withWorkDirectory(async (work) => {
      const results = await measureAll(generators, work, amounts);
      printResults(results, amounts);
      const goals = goalsOf(results);
      printGoals(goals);
      await writeReport({
        bench: "readers",
        units: {
          rate: "deliveries of one record to one reader a second",
          p50_ms:
            "milliseconds from sending a record to reading it from a tail; poll_p50_ms: a poll",
          before_bytes: "bytes of resident memory",
          cpu: "seconds of one processor for each second",
        },
        options: { ...amounts, stuck: STUCK, backlog_bytes: BACKLOG_BYTES },
        results: { variants: results, goals },
      });
    });
  } finally {
    await generators.remove();
  }
}

type Results = Readonly<Record<Variant, (Round | undefined)[]>>;

async function measureAll(
  generators: Generators,
  work: string,
  amounts: Amounts,
): Promise<Results> {
  const results: Results = { "all read": [], "100 tails never do": [] };
  for (let round = 0; round < amounts.rounds; round++) {
    for (const variant of rotated(VARIANTS, round)) {
      results[variant].push(await measureOnce(generators, work, { ...amounts, variant }));
    }
  }
  return results;
}

async function measureOnce(
  generators: Generators,
  work: string,
  { variant, polls, tails, rate, lines, seconds }: Amounts & { readonly variant: Variant },
): Promise<Round | undefined> {
  const dataDirectory = `${work}/node`;
  await Deno.remove(dataDirectory, { recursive: true }).catch(() => {});
  const { process, httpPort, httpUrl } = await startNode({ dataDirectory });
  try {
    await fill(httpUrl);
    await pause(2_000);
    const before = process.rssBytes();
    const watch = new Watch(process);
    const result = await generators.load<ReadersResult>("readers_load", {
      ...{ port: httpPort, path: TOPIC, connections: polls, subscribers: tails, rate, lines },
      ...{ stuck: variant === "all read" ? 0 : STUCK, seconds, warmup: WARMUP_S },
    });
    const measured = { ...result, before_bytes: before, ...watch.stop(seconds) };
    const { p99_ms, poll_p99_ms, most_bytes, lost, late_or_twice, stuck_cut } = measured;
    say(
      `${variant}: p99 ${p99_ms.toFixed(0)} ms to tails, ${poll_p99_ms.toFixed(0)} to polls, ` +
        `${(most_bytes / 1e6).toFixed(0)} MB at most, ${lost} lost, ${late_or_twice} twice, ` +
        `${stuck_cut} cut off`,
    );
    return measured;
  } catch (error) {
    say(`FAILED: ${variant}: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  } finally {
    await process.stop();
  }
}

/** Some tens of megabytes that compress badly enough. */
async function fill(httpUrl: string): Promise<void> {
  for (let bytes = 0; bytes < BACKLOG_BYTES;) {
    const noise = crypto.getRandomValues(new Uint8Array(48 * 1024));
    const body = noise.toBase64().replaceAll(/(.{200})/g, "$1\n");
    const headers = { "content-type": "text/plain" };
    const answer = await fetch(`${httpUrl}${TOPIC}/records`, { method: "POST", headers, body });
    if (answer.status !== 200) throw new Error(`${answer.status} for the backlog`);
    await answer.body?.cancel();
    bytes += body.length;
  }
}

/** Memory and processor time of the server while the generator runs. */
class Watch {
  readonly #process: ServerProcess;
  readonly #samples: number[] = [];
  readonly #cpuBefore: number;
  readonly #sinceMs = performance.now();
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(process: ServerProcess) {
    this.#process = process;
    this.#cpuBefore = process.cpuSeconds();
    this.#timer = setInterval(() => this.#samples.push(process.rssBytes()), 500);
  }

  stop(seconds: number): Pick<Round, "early_bytes" | "late_bytes" | "most_bytes" | "cpu"> {
    clearInterval(this.#timer);
    const took = (performance.now() - this.#sinceMs) / 1_000;
    const at = (second: number) => {
      const near = this.#samples.slice(Math.max(0, Math.floor((second - 2) * 2)), second * 2);
      return median(near);
    };
    return {
      early_bytes: at(seconds / 3),
      late_bytes: at(seconds),
      most_bytes: Math.max(...this.#samples),
      cpu: (this.#process.cpuSeconds() - this.#cpuBefore) / took,
    };
  }
}

function printResults(results: Results, { polls, tails, rate, lines }: Amounts): void {
  const rows: Cell[][] = VARIANTS.map((variant) => {
    const rounds = results[variant].filter((round) => round !== undefined);
    const middle = (figure: (round: Round) => number) => median(rounds.map(figure));
    return [
      variant,
      ...[middle(({ p50_ms }) => p50_ms), middle(({ p99_ms }) => p99_ms)],
      ...[middle((it) => it.poll_p50_ms), middle((it) => it.poll_p99_ms)],
      ...[middle((it) => it.before_bytes / 1e6), middle((it) => it.early_bytes / 1e6)],
      ...[middle((it) => it.late_bytes / 1e6), middle((it) => it.most_bytes / 1e6)],
      middle(({ cpu }) => cpu),
      middle(({ lost, late_or_twice }) => lost + late_or_twice),
      middle(({ stuck_cut }) => stuck_cut),
    ];
  });
  const heads = [
    ...["", "tail p50 ms", "p99 ms", "poll p50 ms", "p99 ms", "MB before", "MB early", "MB late"],
    ...["MB most", "CPU", "lost or twice", "cut off"],
  ];
  const records = `${rate} × ${lines} records a second`;
  printTable(`${polls} long polls and ${tails} tails, ${records}`, heads, rows);
}

function goalsOf(results: Results): Goal[] {
  const figures = (variant: Variant, figure: (round: Round) => number) =>
    results[variant].map((round) => round && figure(round));
  const stuck = results["100 tails never do"];
  const ratio = (figure: (round: Round) => number) =>
    pairedRatio(figures("100 tails never do", figure), figures("all read", figure)).median;
  const most = (figure: (round: Round) => number) =>
    Math.max(...VARIANTS.flatMap((variant) => figures(variant, figure)).map((it) => it ?? NaN));
  return [
    {
      ...{ id: "–", what: "tail p99 with 100 stuck, over without", unit: "×" },
      ...{ measured: ratio(({ p99_ms }) => p99_ms), bound: 1.5, direction: "at most" },
    },
    {
      ...{ id: "–", what: "poll p99 with 100 stuck, over without", unit: "×" },
      ...{ measured: ratio((it) => it.poll_p99_ms), bound: 1.5, direction: "at most" },
    },
    {
      ...{ id: "–", what: "memory late over early, most", unit: "×" },
      measured: most((it) => it.late_bytes / it.early_bytes),
      ...{ bound: 1.1, direction: "at most" },
    },
    {
      ...{ id: "–", what: "records lost or twice", unit: "" },
      measured: most(({ lost, late_or_twice }) => lost + late_or_twice),
      ...{ bound: 0, direction: "at most" },
    },
    {
      ...{ id: "–", what: `of ${STUCK} stuck readers, cut off`, unit: "" },
      measured: Math.min(...stuck.map((round) => round?.stuck_cut ?? NaN)),
      ...{ bound: STUCK, direction: "at least" },
    },
  ];
}
