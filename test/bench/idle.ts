/**
 * `bench idle`: 10,000 MQTT clients that are connected and say nothing, bare and with a subscription
 * each, against mosquitto: how fast they get in, and what each costs. Every run has a fresh server.
 *
 * @module
 */
import { Generators } from "./generators.ts";
import { type Goal, printGoals } from "./goals.ts";
import { type Connected, openFilesMax } from "./idle_clients.ts";
import type { Options } from "./options.ts";
import { startPeers } from "./peers.ts";
import { pause, type ServerProcess } from "./processes.ts";
import { startNode } from "./product.ts";
import { type Cell, printTable, writeReport } from "./report.ts";
import { say, skipped } from "./say.ts";
import { median, pairedRatio, rotated } from "./statistics.ts";
import { withWorkDirectory } from "./work_directory.ts";

interface Round extends Connected {
  readonly before_bytes: number;
  /** Once all are there and nothing happens any more. */
  readonly rss_bytes: number;
  /** Share of one processor while nothing happens. */
  readonly idle_cpu: number;
  /** Clients that were still connected at the end. */
  readonly there: number;
}

interface Variant {
  readonly name: string;
  readonly options: Readonly<Record<string, string>>;
}

const VARIANTS: readonly Variant[] = [
  { name: "connected", options: {} },
  { name: "one subscription each", options: { filter: "site/1/dev/%05d/command" } },
];
const SERVERS = ["logboom", "mosquitto"] as const;
type Server = typeof SERVERS[number];

/** What a server has open besides: files, libraries, its log. */
const OTHER_FILES = 100;
const SETTLE_MS = 5_000;
const CONNECTING_AT_ONCE = 64;

export async function run(options: Options): Promise<void> {
  const connections = options.number("connections", 10_000);
  const rounds = options.number("rounds", options.flag("quick") ? 1 : 3);
  const filesMax = await openFilesMax();
  if (filesMax < connections + OTHER_FILES) {
    const want = `ulimit -n is ${filesMax}; raise it to ${connections + OTHER_FILES} or more`;
    return skipped(`${connections} idle connections`, want);
  }
  const generators = await Generators.build();
  if (generators === null) return;
  try {
    await withWorkDirectory(async (work) => {
      const results = await measureAll({ generators, work, connections, rounds });
      printResults(results, connections);
      const goals = goalsOf(results, connections);
      printGoals(goals);
      await writeReport({
        bench: "idle",
        units: {
          rate: "connections per second",
          p50_ms: "milliseconds from connect() to CONNACK or SUBACK",
          rss_bytes: "bytes of resident memory",
          idle_cpu: "share of one processor",
        },
        options: { connections, rounds, at_once: CONNECTING_AT_ONCE },
        results: { variants: results, goals },
      });
    });
  } finally {
    await generators.remove();
  }
}

type Results = Readonly<Record<string, Readonly<Record<Server, (Round | undefined)[]>>>>;

interface MeasureOptions {
  readonly generators: Generators;
  readonly work: string;
  readonly connections: number;
  readonly rounds: number;
}

async function measureAll(o: MeasureOptions): Promise<Results> {
  const results: Record<string, Record<Server, (Round | undefined)[]>> = {};
  for (const variant of VARIANTS) {
    const measured = { logboom: [], mosquitto: [] } as Record<Server, (Round | undefined)[]>;
    results[variant.name] = measured;
    for (let round = 0; round < o.rounds; round++) {
      for (const server of rotated(SERVERS, round)) {
        measured[server].push(await measureOnce(o, server, variant));
      }
    }
  }
  return results;
}

async function measureOnce(
  { generators, work, connections }: MeasureOptions,
  server: Server,
  { name, options }: Variant,
): Promise<Round | undefined> {
  const started = await start(server, work, generators);
  if (started === undefined) return undefined;
  const { process, port } = started;
  try {
    await pause(SETTLE_MS / 2);
    const before = process.rssBytes();
    const window = CONNECTING_AT_ONCE;
    const clients = await generators.idleClients({ port, connections, window, ...options });
    await pause(SETTLE_MS);
    const [cpu, since] = [process.cpuSeconds(), performance.now()];
    await pause(SETTLE_MS);
    const idleCpu = (process.cpuSeconds() - cpu) / ((performance.now() - since) / 1_000);
    const rss = process.rssBytes();
    const there = await clients.leave();
    say(`${name}, ${server}: ${(rss / 1e6).toFixed(0)} MB, ${there} of ${connections} there`);
    const { connected } = clients;
    return { ...connected, before_bytes: before, rss_bytes: rss, idle_cpu: idleCpu, there };
  } catch (error) {
    say(`FAILED: ${name}, ${server}: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  } finally {
    await process.stop();
  }
}

async function start(
  server: Server,
  work: string,
  generators: Generators,
): Promise<{ readonly process: ServerProcess; readonly port: number } | undefined> {
  if (server === "mosquitto") return (await startPeers(["mosquitto"], work, generators))[0];
  await Deno.remove(`${work}/node`, { recursive: true }).catch(() => {});
  const { process, mqttPort } = await startNode({ dataDirectory: `${work}/node` });
  return { process, port: mqttPort };
}

function printResults(results: Results, connections: number): void {
  const rows: Cell[][] = [];
  for (const [variant, servers] of Object.entries(results)) {
    for (const server of SERVERS) {
      const rounds = servers[server].filter((round) => round !== undefined);
      const middle = (figure: (round: Round) => number) => median(rounds.map(figure));
      const ratio = pairedRatio(rates(servers.logboom), rates(servers[server])).median;
      rows.push([
        ...[server === "logboom" ? variant : "", server],
        middle(({ before_bytes }) => before_bytes / 1e6),
        middle(({ rss_bytes }) => rss_bytes / 1e6),
        middle(({ rss_bytes, before_bytes }) => (rss_bytes - before_bytes) / connections),
        middle(({ rate }) => rate),
        ...[middle(({ p50_ms }) => p50_ms), middle(({ p99_ms }) => p99_ms)],
        middle(({ idle_cpu }) => 100 * idle_cpu),
        middle(({ there }) => there),
        server === "logboom" ? undefined : ratio,
      ]);
    }
  }
  const heads = [
    ...["", "server", "MB before", "MB with them", "bytes each", "connects/s"],
    ...["p50 ms", "p99 ms", "idle CPU %", "still there", "× connects/s"],
  ];
  printTable(`${connections.toLocaleString("en-US")} idle clients`, heads, rows);
}

function rates(rounds: readonly (Round | undefined)[]): (number | undefined)[] {
  return rounds.map((round) => round?.rate);
}

function goalsOf(results: Results, connections: number): Goal[] {
  return Object.entries(results).map(([variant, { logboom }]) => ({
    ...{ id: "–", what: `${connections} idle, ${variant}: most RSS`, unit: "MB" },
    measured: Math.max(...logboom.map((round) => (round?.rss_bytes ?? NaN) / 1e6)),
    ...{ bound: 250, direction: "at most" as const },
  }));
}
