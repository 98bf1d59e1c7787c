/**
 * `bench fetch`: pages of 1 MiB of log in every representation against a plain file server that hands
 * out the same bytes; and the log looked through for what a filter wants, against `grep -c` for the
 * same in the same text as a file. Everything lies in the page cache.
 *
 * @module
 */
import { type Fetched, fetchPages, printFetched } from "./fetch_pages.ts";
import { Generators } from "./generators.ts";
import { type Goal, printGoals } from "./goals.ts";
import type { Options } from "./options.ts";
import { type ProductNode, startNode } from "./product.ts";
import { writeReport } from "./report.ts";
import { printScanned, type Scanned, scanned, scanRate } from "./scan.ts";
import { say } from "./say.ts";
import { pairedRatio } from "./statistics.ts";
import { withWorkDirectory } from "./work_directory.ts";

/** How the log's batches lie, by topic. */
export const TOPICS = ["none", "lz4"] as const;

/** Lines in one request: a batch of about 500 KB each time. */
const LINES_PER_REQUEST = 2_500;
/** One line in so many is what is looked for. */
const RARE = 10_000;

export async function run(options: Options): Promise<void> {
  const quick = options.flag("quick");
  const rounds = options.number("rounds", quick ? 2 : 5);
  const megabytes = options.number("megabytes", quick ? 64 : 512);
  const generators = await Generators.build();
  if (generators === null) return;
  try {
    await withWorkDirectory(async (work) => {
      const config = `${work}/node.yaml`;
      const settings = TOPICS.map((topic) => `  ${topic}: { compression_type: ${topic} }\n`);
      await Deno.writeTextFile(config, `topics:\n${settings.join("")}`);
      const node = await startNode({ dataDirectory: `${work}/node`, flags: ["--config", config] });
      try {
        const text = `${work}/text`;
        await fill(node, text, megabytes * 1e6);
        const fetched: Fetched[] = [];
        const seconds = options.number("seconds", quick ? 1 : 2);
        for (const connections of [1, 8]) {
          const plan = { generators, node, work, rounds, seconds, connections };
          fetched.push(await fetchPages(plan));
        }
        const scans = await scanned({ node, text, rounds });
        printFetched(fetched);
        printScanned(scans);
        const goals = goalsOf(fetched, scans);
        printGoals(goals);
        await writeReport({
          bench: "fetch",
          units: { rate: "bytes of text per second", cpu_s: "seconds", bytes_in: "bytes" },
          options: { rounds, megabytes },
          results: { fetched, scans, goals },
        });
      } finally {
        await node.process.stop();
      }
    });
  } finally {
    await generators.remove();
  }
}

/** The same lines into each topic, and into a file. */
async function fill(node: ProductNode, path: string, bytes: number): Promise<void> {
  const file = await Deno.open(path, { write: true, create: true });
  let nth = 0;
  for (let written = 0; written < bytes;) {
    const lines = Array.from({ length: LINES_PER_REQUEST }, () => line(nth++)).join("");
    const body = new TextEncoder().encode(lines);
    written += body.length;
    await file.write(body);
    await Promise.all(TOPICS.map((topic) => post(node, topic, body)));
  }
  file.close();
  say(`${nth.toLocaleString("en-US")} lines, ${Math.round(bytes / 1e6)} MB of text`);
}

async function post(node: ProductNode, topic: string, body: Uint8Array<ArrayBuffer>) {
  const response = await fetch(`${node.httpUrl}/v1/topics/${topic}/records`, {
    method: "POST",
    headers: { "content-type": "text/plain" },
    body,
  });
  if (!response.ok) throw new Error(`Cannot produce: ${await response.text()}`);
  await response.body?.cancel();
}

/** A log line of about 200 bytes, each another. */
function line(nth: number): string {
  const hash = Math.imul(nth ^ (nth >>> 15), 0x2c1b3c6d) >>> 0;
  const level = nth % RARE === RARE - 1 ? "fatal" : ["info", "info", "debug", "warn"][hash % 4];
  return `{"time":${1_700_000_000_000 + nth * 3},"level":"${level}","device":"sensor-${
    hash % 500
  }","request":"${hash.toString(16).padStart(8, "0")}-${(hash ^ nth).toString(36)}",` +
    `"message":"reading of unit ${hash % 97} stored after ${hash % 1_013} us","value":${
      hash % 65_521 / 100
    },"ok":${hash % 3 > 0}}\n`;
}

function goalsOf(fetched: readonly Fetched[], scans: readonly Scanned[]): Goal[] {
  const raw = fetched.map(({ kinds }) =>
    pairedRatio(kinds["raw batches"]!.rates, kinds["plain files"]!.rates).median
  );
  const plain = scans.find(({ topic, what }) => topic === "none" && what === "contains, rare");
  const bound = { direction: "at least" } as const;
  return [
    {
      id: "G10",
      what: "raw batches / plain files",
      measured: Math.min(...raw),
      bound: 0.6,
      unit: "×",
      ...bound,
    },
    {
      id: "G10",
      what: "scan with a filter, MB/s of raw log per core",
      measured: plain === undefined ? NaN : scanRate(plain) / 1e6,
      ...{ bound: 500, unit: "MB/s" },
      ...bound,
    },
  ];
}
