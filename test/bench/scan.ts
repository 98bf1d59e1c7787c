/**
 * The whole log looked through for what a filter wants, page after page like every reader, and
 * `grep -c` for the same in the same text as a file. Each counts, and the counts must agree.
 *
 * @module
 */
import type { ProductNode } from "./product.ts";
import { type Cell, printTable } from "./report.ts";
import { median, pairedRatio, rotated } from "./statistics.ts";

const TOPICS = ["none", "lz4"] as const;

/** What is looked for, as the node is asked and as grep is. */
const SCANS = [
  { what: "contains, none", query: "contains=a+needle", pattern: "a needle" },
  { what: "contains, rare", query: "contains=%22fatal%22", pattern: '"fatal"' },
  { what: "contains, 1 in 100", query: "contains=unit+42+", pattern: "unit 42 " },
  // No key is like that: what it costs to walk over all records.
  { what: "key", query: "key=nobody", pattern: "nobody" },
] as const;

export interface ScanPlan {
  readonly node: ProductNode;
  readonly text: string;
  readonly rounds: number;
}

export interface Scanned {
  readonly topic: string;
  readonly what: string;
  readonly matches: number;
  /** Bytes of the text, and of the log it lies in. */
  readonly textBytes: number;
  readonly logBytes: number;
  /** A round each: seconds by the clock, seconds of the node's CPU, seconds of grep. */
  readonly seconds: number[];
  readonly cpuSeconds: number[];
  readonly grepSeconds: number[];
}

export async function scanned({ node, text, rounds }: ScanPlan): Promise<Scanned[]> {
  const textBytes = (await Deno.stat(text)).size;
  const scans: Scanned[] = [];
  for (const topic of TOPICS) {
    const logBytes = await bytesOf(node, topic);
    for (const { what } of SCANS) {
      const times = { seconds: [], cpuSeconds: [], grepSeconds: [] };
      scans.push({ topic, what, matches: 0, textBytes, logBytes, ...times });
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const scan of rotated(scans, round)) {
      const matches = await once(node, text, scan);
      scans[scans.indexOf(scan)] = { ...scan, matches };
    }
  }
  return scans;
}

/** Bytes of text a second of the node's CPU: it is one core that a scan keeps busy. */
export function scanRate({ textBytes, cpuSeconds }: Scanned): number {
  return textBytes / median(cpuSeconds);
}

export function printScanned(scans: readonly Scanned[]): void {
  const rows: Cell[][] = scans.map((scan) => {
    const { topic, what, matches, textBytes, logBytes, seconds, grepSeconds } = scan;
    const rate = (bytes: number, times: readonly number[]) => bytes / 1e6 / median(times);
    return [
      ...[topic, what, matches, rate(textBytes, seconds), rate(logBytes, seconds)],
      ...[scanRate(scan) / 1e6, rate(textBytes, grepSeconds)],
      pairedRatio(grepSeconds, seconds).median,
    ];
  });
  printTable(
    "fetch: the whole log looked through, by the clock and by the node's CPU",
    ["batches", "what", "matches", "text MB/s", "log MB/s", "text MB/CPU s", "grep MB/s", "/ grep"],
    rows,
  );
}

async function once(node: ProductNode, text: string, scan: Scanned): Promise<number> {
  const { query, pattern } = SCANS.find(({ what }) => what === scan.what)!;
  const grepBegan = performance.now();
  const grepped = await grep(pattern, text);
  scan.grepSeconds.push((performance.now() - grepBegan) / 1_000);
  const cpuBefore = node.process.cpuSeconds();
  const began = performance.now();
  const matches = await count(node, scan.topic, query);
  scan.seconds.push((performance.now() - began) / 1_000);
  scan.cpuSeconds.push(node.process.cpuSeconds() - cpuBefore);
  // Keys are not in the text.
  if (matches !== grepped) throw new Error(`${scan.what}: ${matches} records, ${grepped} lines`);
  return matches;
}

async function count(node: ProductNode, topic: string, query: string): Promise<number> {
  const records = `${node.httpUrl}/v1/topics/${topic}/partitions/0/records`;
  let matches = 0;
  for (let offset = 0, end = 1; offset < end;) {
    const page = `offset=${offset}&max_records=100000&max_bytes=4000000`;
    const response = await fetch(`${records}?${page}&${query}`, {
      headers: { accept: "application/x-ndjson" },
    });
    offset = Number(response.headers.get("logboom-next-offset"));
    end = Number(response.headers.get("logboom-high-watermark"));
    const body = await response.text();
    if (!response.ok) throw new Error(body);
    matches += body.split("\n").length - 1;
  }
  return matches;
}

async function grep(pattern: string, path: string): Promise<number> {
  const command = new Deno.Command("grep", {
    args: ["-c", "-F", pattern, path],
    env: { LC_ALL: "C" },
  });
  const { stdout } = await command.output();
  return Number(new TextDecoder().decode(stdout));
}

async function bytesOf(node: ProductNode, topic: string): Promise<number> {
  const response = await fetch(`${node.httpUrl}/v1/topics/${topic}`);
  const { partitions } = await response.json();
  return partitions[0].bytes;
}
