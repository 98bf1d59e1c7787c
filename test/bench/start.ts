/**
 * `bench start`: a node that was killed under load, started again with 0, 1 and 10 GB of backlog:
 * milliseconds to the first PUBACK, and resident memory then.
 *
 * @module
 */
import { fillBacklog, logBytes } from "./backlog.ts";
import { firstAcknowledgement } from "./first_ack.ts";
import { flood } from "./flood.ts";
import { Generators } from "./generators.ts";
import { type Goal, printGoals } from "./goals.ts";
import type { Options } from "./options.ts";
import { freePort, pause } from "./processes.ts";
import { type ProductNode, startNode } from "./product.ts";
import { type Cell, printTable, writeReport } from "./report.ts";
import { say } from "./say.ts";
import { median } from "./statistics.ts";
import { withWorkDirectory } from "./work_directory.ts";

/** What a start leaves to be collected is gone by then. */
const SETTLE_MS = 1_500;
const KILL_AFTER_MS = 700;
/** So much of a backlog is published; the rest are the same batches, at later offsets. */
const PUBLISHED_BYTES = 100e6;

interface Start {
  readonly first_ack_ms: number;
  /** Right after the first acknowledgement, and when things have settled. */
  readonly rss_bytes: number;
  readonly settled_rss_bytes: number;
}

interface Backlog {
  readonly bytes: number;
  readonly starts: Start[];
}

export async function run(options: Options): Promise<void> {
  const quick = options.flag("quick");
  const rounds = options.number("rounds", quick ? 2 : 5);
  const sizes = options.list("gigabytes", quick ? ["0", "1"] : ["0", "1", "10"]).map(Number);
  const generators = await Generators.build();
  if (generators === null) return;
  try {
    await withWorkDirectory(async (work) => {
      const bench = new StartBench(generators, `${work}/node`);
      const results: Backlog[] = [];
      for (const gigabytes of sizes) results.push(await bench.measure(gigabytes * 1e9, rounds));
      print(results);
      const goals = goalsOf(results);
      printGoals(goals);
      await writeReport({
        bench: "start",
        units: { first_ack_ms: "milliseconds from exec to PUBACK", rss_bytes: "bytes" },
        options: { rounds, gigabytes: sizes.join(",") },
        results: { backlogs: results, goals },
      });
    });
  } finally {
    await generators.remove();
  }
}

class StartBench {
  readonly #generators: Generators;
  readonly #directory: string;
  readonly #nobody = freePort();

  constructor(generators: Generators, directory: string) {
    this.#generators = generators;
    this.#directory = directory;
  }

  async measure(bytes: number, rounds: number): Promise<Backlog> {
    const node = await this.#startNode();
    await this.#fill(node, bytes);
    let present = await this.#killUnderLoad(node);
    const starts: Start[] = [];
    for (let round = 0; round < rounds; round++) {
      const { node, start } = await this.#start();
      starts.push(start);
      present = await this.#killUnderLoad(node);
    }
    return { bytes: present, starts };
  }

  /** Some of it is published, and brought again until there is enough. */
  async #fill(node: ProductNode, bytes: number): Promise<void> {
    const startedAt = performance.now();
    const published = await fillBacklog(this.#generators, node, Math.min(bytes, PUBLISHED_BYTES));
    if (published < bytes) await flood(node, bytes - published);
    const seconds = (performance.now() - startedAt) / 1_000;
    if (bytes > 0) {
      say(`${gigabytes(await logBytes(node))} of backlog after ${seconds.toFixed(0)} s`);
    }
  }

  /** Its upstream never answers, so that all it has is backlog. */
  #startNode(mqttPort = 0): Promise<ProductNode> {
    const flags = ["--upstream", `http://127.0.0.1:${this.#nobody}`];
    return startNode({ dataDirectory: this.#directory, mqttPort, flags });
  }

  async #start(): Promise<{ node: ProductNode; start: Start }> {
    const port = freePort();
    const startedAt = performance.now();
    const acknowledged = firstAcknowledgement(port).then(() => performance.now() - startedAt);
    const node = await this.#startNode(port);
    const first_ack_ms = await acknowledged;
    const rss_bytes = node.process.rssBytes();
    await pause(SETTLE_MS);
    const settled_rss_bytes = node.process.rssBytes();
    return { node, start: { first_ack_ms, rss_bytes, settled_rss_bytes } };
  }

  /** kill -9 in the middle of publishing; returns the bytes of the backlog shortly before. */
  async #killUnderLoad(node: ProductNode): Promise<number> {
    const load = this.#generators.load("mqtt_load", {
      port: node.mqttPort,
      connections: 10,
      window: 10,
      seconds: 10,
    }).catch(() => "its server was killed");
    await pause(KILL_AFTER_MS);
    const bytes = await logBytes(node);
    await node.process.stop("SIGKILL");
    await load;
    return bytes;
  }
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(2)} GB`;
}

function print(results: readonly Backlog[]): void {
  const rows: Cell[][] = results.map(({ bytes, starts }) => [
    gigabytes(bytes),
    median(starts.map((start) => start.first_ack_ms)),
    Math.max(...starts.map((start) => start.first_ack_ms)),
    median(starts.map((start) => start.rss_bytes)) / 1e6,
    median(starts.map((start) => start.settled_rss_bytes)) / 1e6,
  ]);
  printTable(
    "start after kill -9 under load",
    ["backlog", "first PUBACK ms", "slowest ms", "RSS MB", `RSS MB after ${SETTLE_MS} ms`],
    rows,
  );
}

function goalsOf(results: readonly Backlog[]): Goal[] {
  const rss = (backlog: Backlog | undefined) =>
    median(backlog?.starts.map((start) => start.settled_rss_bytes) ?? []) / 1e6;
  const full = results.at(-1);
  const backlog = gigabytes(full?.bytes ?? 0);
  return [
    {
      id: "G11",
      what: `kill -9, ${backlog}: first PUBACK`,
      measured: median(full?.starts.map((start) => start.first_ack_ms) ?? []),
      bound: 1_000,
      direction: "at most",
      unit: "ms",
    },
    {
      id: "G11",
      what: `RSS with ${backlog} over that of an empty node`,
      measured: rss(full) - rss(results[0]),
      bound: 15,
      direction: "at most",
      unit: "MB",
    },
  ];
}
