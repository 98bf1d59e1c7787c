/**
 * `bench link`: a gateway that was cut off for long catches up over the loopback, against a plain
 * HTTP copy of the same log files to the same disk, synced at the end.
 *
 * @module
 */
import { BACKLOG_TOPIC, fillBacklog } from "./backlog.ts";
import { Generators } from "./generators.ts";
import { type Goal, printGoals } from "./goals.ts";
import { highWatermark } from "./http_calls.ts";
import type { Options } from "./options.ts";
import { startFileServer } from "./plain_file_server.ts";
import { directoryBytes, freePort, pause } from "./processes.ts";
import { startNode } from "./product.ts";
import { printTable, writeReport } from "./report.ts";
import { say } from "./say.ts";
import { median, pairedRatio } from "./statistics.ts";
import { withWorkDirectory } from "./work_directory.ts";

const CATCH_UP_TIMEOUT_MS = 300_000;
const POLL_MS = 25;

interface Round {
  readonly link_bytes_per_s: number;
  readonly copy_bytes_per_s: number;
  readonly records: number;
  readonly gateway_cpu_s: number;
  readonly centre_cpu_s: number;
  readonly gateway_rss_bytes: number;
  readonly centre_rss_bytes: number;
}

export async function run(options: Options): Promise<void> {
  const quick = options.flag("quick");
  const rounds = options.number("rounds", quick ? 1 : 5);
  const backlogBytes = options.number("bytes", 1e9);
  const generators = await Generators.build();
  if (generators === null) return;
  try {
    await withWorkDirectory(async (work) => {
      const template = `${work}/template`;
      const bytes = await makeTemplate(generators, template, backlogBytes);
      const results: Round[] = [];
      for (let i = 0; i < rounds; i++) {
        results.push(await measureRound(work, { template, bytes }, i));
      }
      print(results, bytes);
      const goals = goalsOf(results);
      printGoals(goals);
      await writeReport({
        bench: "link",
        units: {
          link_bytes_per_s: "bytes of log per second",
          copy_bytes_per_s: "the same, copied",
        },
        options: { rounds, backlogBytes },
        results: { rounds: results, goals },
      });
    });
  } finally {
    await generators.remove();
  }
}

/** A gateway whose centre never answers gathers the backlog; each round starts from a copy of it. */
async function makeTemplate(
  generators: Generators,
  directory: string,
  bytes: number,
): Promise<number> {
  const flags = ["--upstream", `http://127.0.0.1:${freePort()}`];
  const gateway = await startNode({ dataDirectory: directory, flags });
  try {
    return await fillBacklog(generators, gateway, bytes);
  } finally {
    await gateway.process.stop();
  }
}

interface Template {
  readonly template: string;
  readonly bytes: number;
}

async function measureRound(work: string, source: Template, round: number): Promise<Round> {
  const gatewayDirectory = `${work}/gateway`;
  const centreDirectory = `${work}/centre`;
  await shell("cp", "-r", source.template, gatewayDirectory);
  const copyFirst = round % 2 === 1;
  try {
    let copied = copyFirst ? await copyPlainly(work, source) : 0;
    const link = await catchUp(gatewayDirectory, centreDirectory, source.bytes);
    if (!copyFirst) copied = await copyPlainly(work, source);
    say(`round ${round + 1}: link ${mb(link.link_bytes_per_s)}, plain copy ${mb(copied)}`);
    return { ...link, copy_bytes_per_s: copied };
  } finally {
    await shell("rm", "-rf", gatewayDirectory, centreDirectory);
  }
}

async function catchUp(
  gatewayDirectory: string,
  centreDirectory: string,
  bytes: number,
): Promise<Omit<Round, "copy_bytes_per_s">> {
  const centre = await startNode({ dataDirectory: centreDirectory });
  let startedAt = performance.now();
  const gateway = await startNode({
    dataDirectory: gatewayDirectory,
    flags: ["--upstream", centre.httpUrl],
  });
  try {
    const records = await highWatermark(gateway.httpUrl, BACKLOG_TOPIC);
    const deadline = performance.now() + CATCH_UP_TIMEOUT_MS;
    for (let held = 0; held < records; held = await highWatermark(centre.httpUrl, BACKLOG_TOPIC)) {
      // What counts is the copying, not how soon the gateway asks for the first time.
      if (held === 0) startedAt = performance.now();
      if (performance.now() > deadline) throw new Error(`it stands at ${held} of ${records}`);
      await pause(POLL_MS);
    }
    return {
      records,
      link_bytes_per_s: bytes / ((performance.now() - startedAt) / 1_000),
      gateway_cpu_s: gateway.process.cpuSeconds(),
      centre_cpu_s: centre.process.cpuSeconds(),
      gateway_rss_bytes: gateway.process.peakRssBytes(),
      centre_rss_bytes: centre.process.peakRssBytes(),
    };
  } finally {
    await gateway.process.stop();
    await centre.process.stop();
  }
}

/** Bytes per second of fetching the log files one after another with curl, synced at the end. */
async function copyPlainly(work: string, { template }: Template): Promise<number> {
  const directory = `${template}/${BACKLOG_TOPIC}-0`;
  const names: string[] = [];
  for await (const { name } of Deno.readDir(directory)) if (name.endsWith(".log")) names.push(name);
  const target = `${work}/copy`;
  await Deno.mkdir(target, { recursive: true });
  const server = await startFileServer(directory);
  try {
    const urls = names.flatMap((name) => [
      "-o",
      `${target}/${name}`,
      `http://127.0.0.1:${server.port}/${name}`,
    ]);
    const startedAt = performance.now();
    await shell("curl", "--silent", "--fail", ...urls);
    await shell("sync", "--data", ...names.map((name) => `${target}/${name}`));
    const seconds = (performance.now() - startedAt) / 1_000;
    return directoryBytes(target) / seconds;
  } finally {
    await server.process.stop();
    await shell("rm", "-rf", target);
  }
}

async function shell(command: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args, stdout: "null" }).output();
  if (!success) throw new Error(`${command} failed: ${new TextDecoder().decode(stderr)}`);
}

function mb(bytesPerSecond: number): string {
  return `${(bytesPerSecond / 1e6).toFixed(0)} MB/s`;
}

function print(results: readonly Round[], bytes: number): void {
  const middle = (name: keyof Round) => median(results.map((round) => round[name]));
  const gigabytes = bytes / 1e9;
  printTable(
    `link: catch-up of ${gigabytes.toFixed(2)} GB of log, ${results[0]?.records ?? 0} records`,
    ["what", "MB/s", "gateway CPU s/GB", "centre CPU s/GB", "gateway RSS MB", "centre RSS MB"],
    [
      [
        "replication",
        middle("link_bytes_per_s") / 1e6,
        middle("gateway_cpu_s") / gigabytes,
        middle("centre_cpu_s") / gigabytes,
        middle("gateway_rss_bytes") / 1e6,
        middle("centre_rss_bytes") / 1e6,
      ],
      ["plain HTTP copy", middle("copy_bytes_per_s") / 1e6],
    ],
  );
}

function goalsOf(results: readonly Round[]): Goal[] {
  const link = results.map((round) => round.link_bytes_per_s);
  const copy = results.map((round) => round.copy_bytes_per_s);
  return [{
    id: "G9",
    what: "catch-up: bytes / plain HTTP copy",
    measured: pairedRatio(link, copy).median,
    bound: 0.5,
    direction: "at least",
    unit: "×",
  }];
}
