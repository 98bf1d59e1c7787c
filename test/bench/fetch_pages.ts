/**
 * Pages of 1 MiB of log, in every representation, and as files of a plain server.
 *
 * @module
 */
import type { Generators } from "./generators.ts";
import { collectPages, type Page } from "./http_calls.ts";
import { measure, type Measurement } from "./measurement.ts";
import { startFileServer } from "./plain_file_server.ts";
import type { ServerProcess } from "./processes.ts";
import type { ProductNode } from "./product.ts";
import { type Cell, printTable } from "./report.ts";
import { median, pairedRatio, rotated } from "./statistics.ts";

const PAGES = 64;
const PAGE_BYTES = 1024 * 1024;
const TYPES: Readonly<Record<string, string>> = {
  "raw batches": "application/vnd.logboom.batches",
  "JSON": "application/json",
  "NDJSON": "application/x-ndjson",
  "CBOR": "application/cbor",
};

export interface FetchPlan {
  readonly generators: Generators;
  readonly node: ProductNode;
  readonly work: string;
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
}

export interface Fetched {
  readonly connections: number;
  /** By what is fetched; rates in bytes of answers a second, a round each. */
  readonly kinds: Readonly<Record<string, FetchedKind>>;
}

interface FetchedKind {
  readonly rates: (number | undefined)[];
  readonly rounds: (Measurement | undefined)[];
}

interface Kind {
  readonly process: ServerProcess;
  readonly port: number;
  readonly type: string;
  /** The file with the targets to fetch, a line each. */
  readonly path: string;
}

/** Of the topic that lies uncompressed: its bytes are those of the answers, about. */
export async function fetchPages(plan: FetchPlan): Promise<Fetched> {
  const { node, work, generators, rounds, seconds, connections } = plan;
  const pages = await collectPages(node.httpUrl, "none", { pages: PAGES, pageBytes: PAGE_BYTES });
  const directory = `${work}/pages`;
  await writePages(pages, directory);
  const files = await startFileServer(directory);
  const served = { process: node.process, port: node.httpPort, path: `${directory}.targets` };
  const kinds: [string, Kind][] = [
    ...Object.entries(TYPES).map(([name, type]): [string, Kind] => [name, { ...served, type }]),
    ["plain files", { ...files, type: "*/*", path: `${directory}.files` }],
  ];
  const measured: Record<string, FetchedKind> = {};
  for (const [name] of kinds) measured[name] = { rates: [], rounds: [] };
  try {
    for (let round = 0; round < rounds; round++) {
      for (const [name, { process, ...target }] of rotated(kinds, round)) {
        const options = { ...target, connections, lines: 0, seconds };
        const got = await measure(generators, process, { generator: "http_load", options });
        measured[name]!.rounds.push(got);
        measured[name]!.rates.push(got && got.bytes_in / got.seconds);
      }
    }
  } finally {
    await files.process.stop();
  }
  return { connections, kinds: measured };
}

export function printFetched(results: readonly Fetched[]): void {
  const rows: Cell[][] = results.flatMap(({ connections, kinds }) =>
    Object.entries(kinds).map(([name, { rates, rounds }]) => [
      ...[`${connections}`, name, median(known(rates)) / 1e6],
      median(known(rounds.map((round) => round?.p50_ms))),
      median(known(rounds.map((round) => round?.p99_ms))),
      median(known(rounds.map((round) => round && round.bytes_in / 1e6 / cpuSeconds(round)))),
      pairedRatio(rates, kinds["plain files"]!.rates).median,
    ])
  );
  printTable(
    "fetch: pages of 1 MiB of log",
    ["connections", "what", "MB/s", "p50 ms", "p99 ms", "MB/CPU s", "/ plain files"],
    rows,
  );
}

/** What all answers of a run cost the server. */
function cpuSeconds({ cpu_s_per_100k, answered }: Measurement): number {
  return cpu_s_per_100k * answered / 100_000;
}

function known(figures: readonly (number | undefined)[]): number[] {
  return figures.filter((figure) => figure !== undefined);
}

async function writePages(pages: readonly Page[], directory: string): Promise<void> {
  await Deno.mkdir(directory, { recursive: true });
  for (const [i, { bytes }] of pages.entries()) await Deno.writeFile(`${directory}/${i}`, bytes);
  const lines = (of: (page: Page, i: number) => string) => pages.map(of).join("\n") + "\n";
  await Deno.writeTextFile(`${directory}.targets`, lines(({ target }) => target));
  await Deno.writeTextFile(`${directory}.files`, lines((_, i) => `/${i}`));
}
