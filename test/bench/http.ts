/**
 * `bench http`: produce (single records, NDJSON of 100 lines) to a durable topic and to one of the
 * same server that acknowledges from the page cache; fetch of raw batches and NDJSON against a plain
 * file server that hands out the same bytes.
 *
 * @module
 */
import { Generators } from "./generators.ts";
import { type Goal, printGoals } from "./goals.ts";
import { collectPages, type Page } from "./http_calls.ts";
import { figures, measure, type Measurement } from "./measurement.ts";
import type { Options } from "./options.ts";
import { startFileServer } from "./plain_file_server.ts";
import type { ServerProcess } from "./processes.ts";
import { type ProductNode, startNode } from "./product.ts";
import { type Cell, printTable, writeReport } from "./report.ts";
import { type Rsyslog, startRsyslog } from "./rsyslog.ts";
import { say, skipped } from "./say.ts";
import { median, pairedRatio, rotated } from "./statistics.ts";
import { withWorkDirectory } from "./work_directory.ts";

const DURABLE = "bench-sync";
const NOT_DURABLE = "bench-os";
const TOPICS = [DURABLE, NOT_DURABLE];
const NDJSON = "application/x-ndjson";
const RAW_BATCHES = "application/vnd.logboom.batches";
const WARMUP_SECONDS = 0.3;
const PAGES = 64;
const PAGE_BYTES = 1024 * 1024;
const RSYSLOG_LINES = 200_000;

interface Plan {
  readonly rounds: number;
  readonly seconds: number;
}

interface ProduceCell {
  readonly connections: number;
  readonly lines: number;
}

const PRODUCE_CELLS: readonly ProduceCell[] = [
  { connections: 1, lines: 1 },
  { connections: 128, lines: 1 },
  { connections: 1, lines: 100 },
  { connections: 128, lines: 100 },
];

interface ProduceResult extends ProduceCell {
  /** Rounds by topic; rates in requests. */
  readonly topics: Readonly<Record<string, (Measurement | undefined)[]>>;
  /** Lines per second of rsyslog in the same rounds; only for the last cell. */
  readonly rsyslog: (number | undefined)[];
}

interface FetchResult {
  readonly connections: number;
  /** Rounds by what is fetched; `bytes_in` / `seconds` is what counts. */
  readonly kinds: Readonly<Record<string, (Measurement | undefined)[]>>;
}

export async function run(options: Options): Promise<void> {
  const quick = options.flag("quick");
  const plan: Plan = {
    rounds: options.number("rounds", quick ? 2 : 5),
    seconds: options.number("seconds", quick ? 1 : 2),
  };
  const generators = await Generators.build();
  if (generators === null) return;
  try {
    await withWorkDirectory(async (work) => {
      const bench = await HttpBench.start(generators, work, plan);
      try {
        const produced: ProduceResult[] = [];
        for (const cell of PRODUCE_CELLS) produced.push(await bench.produce(cell));
        const fetched: FetchResult[] = [];
        for (const connections of [1, 8]) fetched.push(await bench.fetch(connections));
        printProduced(produced);
        printFetched(fetched);
        const goals = goalsOf(produced, fetched);
        printGoals(goals);
        await writeReport({
          bench: "http",
          units: { rate: "requests per second", p50_ms: "milliseconds", bytes_in: "bytes" },
          options: { ...plan },
          results: { produced, fetched, goals },
        });
      } finally {
        await bench.stop();
      }
    });
  } finally {
    await generators.remove();
  }
}

class HttpBench {
  readonly #generators: Generators;
  readonly #work: string;
  readonly #plan: Plan;
  readonly #node: ProductNode;
  readonly #rsyslog: Rsyslog | null;

  private constructor(
    generators: Generators,
    { work, plan }: { work: string; plan: Plan },
    { node, rsyslog }: { node: ProductNode; rsyslog: Rsyslog | null },
  ) {
    this.#generators = generators;
    this.#work = work;
    this.#plan = plan;
    this.#node = node;
    this.#rsyslog = rsyslog;
  }

  static async start(generators: Generators, work: string, plan: Plan): Promise<HttpBench> {
    const config = `${work}/node.yaml`;
    await Deno.writeTextFile(config, `topics:\n  ${NOT_DURABLE}: { durability: os }\n`);
    const node = await startNode({ dataDirectory: `${work}/node`, flags: ["--config", config] });
    let rsyslog: Rsyslog | null = null;
    try {
      rsyslog = await startRsyslog(`${work}/rsyslog`);
    } catch (error) {
      skipped("rsyslog", error instanceof Error ? error.message.split("\n")[0]! : String(error));
    }
    const bench = new HttpBench(generators, { work, plan }, { node, rsyslog });
    for (const topic of TOPICS) await bench.#post(topic, { connections: 16, lines: 100 });
    return bench;
  }

  async stop(): Promise<void> {
    await this.#node.process.stop();
    await this.#rsyslog?.process.stop();
  }

  async produce(cell: ProduceCell): Promise<ProduceResult> {
    const topics: Record<string, (Measurement | undefined)[]> = {};
    for (const topic of TOPICS) topics[topic] = [];
    const rsyslog: (number | undefined)[] = [];
    const withRsyslog = cell.connections > 1 && cell.lines > 1;
    for (let round = 0; round < this.#plan.rounds; round++) {
      for (const topic of rotated(TOPICS, round)) {
        topics[topic]!.push(await this.#post(topic, cell));
      }
      if (withRsyslog) rsyslog.push(await this.#rsyslog?.rate(this.#generators, RSYSLOG_LINES));
    }
    say(
      `produce ${cell.connections} × ${cell.lines} lines: ${
        linesPerSecond(cell, topics[DURABLE]!)
      }`,
    );
    return { ...cell, topics, rsyslog };
  }

  async fetch(connections: number): Promise<FetchResult> {
    const pages = await collectPages(this.#node.httpUrl, DURABLE, {
      pages: PAGES,
      pageBytes: PAGE_BYTES,
    });
    const directory = `${this.#work}/pages`;
    await writePages(pages, directory);
    const fileServer = await startFileServer(directory);
    const node = { process: this.#node.process, port: this.#node.httpPort };
    const kinds: Record<string, FetchKind> = {
      "raw batches": { ...node, type: RAW_BATCHES, path: `${directory}.targets` },
      "NDJSON": { ...node, type: NDJSON, path: `${directory}.targets` },
      "plain files": { ...fileServer, type: "*/*", path: `${directory}.files` },
    };
    const measured: Record<string, (Measurement | undefined)[]> = {};
    for (const name of Object.keys(kinds)) measured[name] = [];
    try {
      for (let round = 0; round < this.#plan.rounds; round++) {
        for (const [name, kind] of rotated(Object.entries(kinds), round)) {
          measured[name]!.push(await this.#get(kind, connections));
        }
      }
    } finally {
      await fileServer.process.stop();
    }
    return { connections, kinds: measured };
  }

  #post(topic: string, { connections, lines }: ProduceCell): Promise<Measurement | undefined> {
    return measure(this.#generators, this.#node.process, {
      generator: "http_load",
      options: {
        port: this.#node.httpPort,
        path: `/v1/topics/${topic}/records`,
        type: lines > 1 ? NDJSON : "application/octet-stream",
        connections,
        lines,
        seconds: this.#plan.seconds + WARMUP_SECONDS,
        warmup: WARMUP_SECONDS,
      },
    });
  }

  #get({ process, port, type, path }: FetchKind, connections: number) {
    return measure(this.#generators, process, {
      generator: "http_load",
      options: { port, path, type, connections, lines: 0, seconds: this.#plan.seconds },
    });
  }
}

interface FetchKind {
  readonly process: ServerProcess;
  readonly port: number;
  readonly type: string;
  /** The file with the targets to fetch, a line each. */
  readonly path: string;
}

async function writePages(pages: readonly Page[], directory: string): Promise<void> {
  await Deno.mkdir(directory, { recursive: true });
  for (const [i, { bytes }] of pages.entries()) await Deno.writeFile(`${directory}/${i}`, bytes);
  const lines = (of: (page: Page, i: number) => string) => pages.map(of).join("\n") + "\n";
  await Deno.writeTextFile(`${directory}.targets`, lines(({ target }) => target));
  await Deno.writeTextFile(`${directory}.files`, lines((_, i) => `/${i}`));
}

function linesPerSecond(
  { lines }: ProduceCell,
  rounds: readonly (Measurement | undefined)[],
): string {
  return `${Math.round(middle(rounds, "rate") * lines).toLocaleString("en-US")} lines/s`;
}

function middle(rounds: readonly (Measurement | undefined)[], name: keyof Measurement): number {
  return median(figures(rounds, name).filter((value) => value !== undefined));
}

function bytesPerSecond(rounds: readonly (Measurement | undefined)[]): (number | undefined)[] {
  return rounds.map((round) => round && round.bytes_in / round.seconds);
}

function lineRates({ lines, topics }: ProduceResult): (number | undefined)[] {
  return topics[DURABLE]!.map((round) => round && round.rate * lines);
}

function printProduced(results: readonly ProduceResult[]): void {
  const rows: Cell[][] = results.flatMap((result) => {
    const { connections, lines, topics, rsyslog } = result;
    const rates = (topic: string) => figures(topics[topic]!, "rate");
    const ratio = pairedRatio(rates(DURABLE), rates(NOT_DURABLE));
    const rows: Cell[][] = TOPICS.map((topic) => [
      `${connections} × ${lines}`,
      topic === DURABLE ? "durable" : "durability: os",
      middle(topics[topic]!, "rate"),
      middle(topics[topic]!, "rate") * lines,
      middle(topics[topic]!, "p50_ms"),
      middle(topics[topic]!, "p99_ms"),
      middle(topics[topic]!, "cpu_s_per_100k") / lines,
      topic === DURABLE ? ratio.median : undefined,
    ]);
    const peer = rsyslog.filter((rate) => rate !== undefined);
    if (peer.length > 0) rows.push(["", "rsyslog, disk queue", undefined, median(peer)]);
    return rows;
  });
  printTable(
    "http: produce, connections × lines a request, 200 bytes a line",
    ["cell", "server", "req/s", "lines/s", "p50 ms", "p99 ms", "CPU s/100k lines", "/ not durable"],
    rows,
  );
}

function printFetched(results: readonly FetchResult[]): void {
  const rows: Cell[][] = results.flatMap(({ connections, kinds }) => {
    const plain = bytesPerSecond(kinds["plain files"]!);
    return Object.entries(kinds).map(([name, rounds]) => [
      `${connections}`,
      name,
      median(bytesPerSecond(rounds).filter((rate) => rate !== undefined)) / 1e6,
      middle(rounds, "p50_ms"),
      middle(rounds, "p99_ms"),
      pairedRatio(bytesPerSecond(rounds), plain).median,
    ]);
  });
  printTable(
    "http: fetch, pages of 1 MiB of log",
    ["connections", "what", "MB/s", "p50 ms", "p99 ms", "/ plain files"],
    rows,
  );
}

function goalsOf(produced: readonly ProduceResult[], fetched: readonly FetchResult[]): Goal[] {
  const crowd = produced.at(-1)!;
  const rates = (topic: string) => figures(crowd.topics[topic]!, "rate");
  const raw = fetched.map(({ kinds }) =>
    pairedRatio(bytesPerSecond(kinds["raw batches"]!), bytesPerSecond(kinds["plain files"]!)).median
  );
  return [
    {
      id: "G8",
      what: "NDJSON of 100, 128 connections: durable / not durable",
      measured: pairedRatio(rates(DURABLE), rates(NOT_DURABLE)).median,
      bound: 0.4,
      direction: "at least",
      unit: "×",
    },
    {
      id: "G8",
      what: "NDJSON of 100, 128 connections: lines / rsyslog with a disk queue",
      measured: pairedRatio(lineRates(crowd), crowd.rsyslog).median,
      bound: 15,
      direction: "at least",
      unit: "×",
    },
    {
      id: "G10",
      what: "raw batches: bytes / plain file server",
      measured: Math.min(...raw),
      bound: 0.6,
      direction: "at least",
      unit: "×",
    },
  ];
}
