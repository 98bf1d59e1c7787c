/**
 * `bench offline`: a subscriber with a lasting session is away while gigabytes are published to it.
 * What it misses costs no memory; when it comes back it is sent all of it: one of MQTT 3.1.1, one of
 * MQTT 5, and one of QoS 0 that was there and did not read. Beside that, how fast the same log is read
 * over HTTP, record by record (NDJSON) and as whole batches, and as plain files.
 *
 * @module
 */
import { logBytes } from "./backlog.ts";
import { drain, type Drained, StalledSubscriber, type Version } from "./draining_subscriber.ts";
import { Generators } from "./generators.ts";
import { highWatermark } from "./http_calls.ts";
import type { Options } from "./options.ts";
import { pause } from "./processes.ts";
import { type ProductNode, startNode } from "./product.ts";
import { printTable, writeReport } from "./report.ts";
import { say } from "./say.ts";
import { withWorkDirectory } from "./work_directory.ts";

const TOPIC = "logs";
/** Of the sessions that a generator leaves behind, and how their clients come back. */
const HELD: readonly (readonly [string, Version])[] = [["held", 4], ["held5", 5]];
const PAYLOAD_BYTES = 1_000;
const STEP_SECONDS = 2;
const SETTLE_MS = 2_000;
const PAGE_BYTES = 16 * 1024 * 1024;
const BATCHES = "application/vnd.logboom.batches";
const LINES = "application/x-ndjson";
/** Records read one by one: enough to tell how fast that is. */
const LINES_MAX = 200_000;

export async function run(options: Options): Promise<void> {
  const bytes = options.number("gigabytes", options.flag("quick") ? 1 : 5) * 1e9;
  const generators = await Generators.build();
  if (generators === null) return;
  try {
    await withWorkDirectory((work) => measure(generators, bytes, `${work}/node`));
  } finally {
    await generators.remove();
  }
}

async function measure(generators: Generators, bytes: number, directory: string): Promise<void> {
  const node = await startNode({ dataDirectory: directory });
  // So that what a node needs to take publishes at all is not counted for those that are missed.
  await publish(generators, node, 1);
  const before = await settled(node);
  for (const [clientId] of HELD) await generators.holdSession(node.mqttPort, "#", clientId);
  const stalled = await StalledSubscriber.connect(node.mqttPort);
  await pause(SETTLE_MS);
  const skipped = await highWatermark(node.httpUrl, TOPIC);
  let missed = 0;
  let peak = 0;
  while (missed * PAYLOAD_BYTES < bytes) {
    await publish(generators, node, STEP_SECONDS);
    missed = await highWatermark(node.httpUrl, TOPIC) - skipped;
    peak = Math.max(peak, node.process.rssBytes());
  }
  const after = await settled(node);
  say(`${(missed * PAYLOAD_BYTES / 1e9).toFixed(2)} GB missed: ${missed} messages`);

  const end = await highWatermark(node.httpUrl, TOPIC);
  const http = await httpRead(node, { accept: BATCHES, end, nextOf: nextOfBatches });
  const some = Math.min(end, LINES_MAX);
  const lines = await httpRead(node, { accept: LINES, end: some, nextOf: nextOfLines });
  const files = await fileRead(`${directory}/${TOPIC}-0`);
  const drained: Draining[] = [];
  for (const [clientId, version] of HELD) {
    const how = { messages: missed, version };
    drained.push(
      await draining(
        node,
        `MQTT ${version === 4 ? "3.1.1" : "5"}, QoS 1`,
        () => drain(node.mqttPort, clientId, how),
      ),
    );
  }
  drained.push(await draining(node, "MQTT 3.1.1, QoS 0", () => stalled.drain(missed)));
  const last = await settled(node);
  const logSize = await logBytes(node);
  await node.process.stop();

  printTable("subscribers that missed much", ["", "MB"], [
    ["published and missed, payloads", missed * PAYLOAD_BYTES / 1e6],
    ["the log on the disk", logSize / 1e6],
    ["RSS before they left", before / 1e6],
    ["RSS after all was published", after / 1e6],
    ["most RSS while publishing", peak / 1e6],
    ...drained.map(({ name, peakRss }) => [`most RSS: ${name}`, peakRss / 1e6]),
    ["RSS after that", last / 1e6],
  ]);
  const columns = ["", "MB/s of payloads", "seconds", "s of CPU", "ms to the first"];
  printTable("on their return", columns, [
    ...drained.map(({ name, payloadBytes, seconds, cpu, firstMs }) => [
      ...[name, payloadBytes / seconds / 1e6, seconds, cpu, firstMs],
    ]),
    [`HTTP, NDJSON of ${some} records`, some * PAYLOAD_BYTES / lines / 1e6, lines],
    ["HTTP, whole batches", missed * PAYLOAD_BYTES / http / 1e6, http],
    ["the files themselves", missed * PAYLOAD_BYTES / files / 1e6, files],
  ]);
  await writeReport({
    bench: "offline",
    units: {
      ...{ rss: "bytes", peakRss: "bytes", seconds: "seconds", cpu: "seconds" },
      ...{ firstMs: "milliseconds", payloadBytes: "bytes" },
    },
    options: { gigabytes: bytes / 1e9, payload: PAYLOAD_BYTES },
    results: {
      ...{
        missed,
        logSize,
        drained,
        httpSeconds: http,
        lines: { records: some, seconds: lines },
        fileSeconds: files,
      },
      rss: { before, after, peak, last },
    },
  });
}

interface Draining extends Drained {
  readonly name: string;
  /** Of the server. */
  readonly cpu: number;
  readonly peakRss: number;
}

async function draining(
  { process }: ProductNode,
  name: string,
  drains: () => Promise<Drained>,
): Promise<Draining> {
  const cpuBefore = process.cpuSeconds();
  let peakRss = 0;
  const watch = setInterval(() => {
    peakRss = Math.max(peakRss, process.rssBytes());
  }, 100);
  try {
    const drained = await drains();
    return { ...drained, name, cpu: process.cpuSeconds() - cpuBefore, peakRss };
  } finally {
    clearInterval(watch);
  }
}

async function publish(generators: Generators, node: ProductNode, seconds: number): Promise<void> {
  const { refused } = await generators.load("mqtt_load", {
    ...{ port: node.mqttPort, connections: 20, window: 100, topics: 20 },
    ...{ payload: PAYLOAD_BYTES, seconds },
  });
  if (refused > 0) throw new Error(`Cannot publish: ${refused} were refused`);
}

async function settled(node: ProductNode): Promise<number> {
  await pause(SETTLE_MS);
  return node.process.rssBytes();
}

interface Reading {
  readonly accept: string;
  /** Offset to read up to, exclusive. */
  readonly end: number;
  readonly nextOf: (bytes: Uint8Array, response: Response) => number;
}

/** Seconds to fetch the log, one page after the other. */
async function httpRead(node: ProductNode, { accept, end, nextOf }: Reading): Promise<number> {
  const startedAt = performance.now();
  for (let offset = 0; offset < end;) {
    const target = `/v1/topics/${TOPIC}/partitions/0/records?offset=${offset}` +
      `&max_bytes=${PAGE_BYTES}&max_records=1000000`;
    const response = await fetch(node.httpUrl + target, { headers: { accept } });
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (!response.ok || bytes.length === 0) throw new Error(`Cannot fetch ${target}`);
    offset = nextOf(bytes, response);
  }
  return (performance.now() - startedAt) / 1_000;
}

function nextOfBatches(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer);
  let next = 0;
  for (let at = 0; at < bytes.length; at += 12 + view.getInt32(at + 8)) {
    next = Number(view.getBigInt64(at)) + view.getInt32(at + 23) + 1;
  }
  return next;
}

function nextOfLines(_bytes: Uint8Array, { headers }: Response): number {
  return Number(headers.get("logboom-next-offset"));
}

/** Seconds to read all files of the log. */
async function fileRead(directory: string): Promise<number> {
  const startedAt = performance.now();
  const buffer = new Uint8Array(1024 * 1024);
  const read = async (path: string): Promise<void> => {
    for await (const { name, isDirectory } of Deno.readDir(path)) {
      if (isDirectory) await read(`${path}/${name}`);
      else {
        using file = await Deno.open(`${path}/${name}`);
        while (await file.read(buffer) !== null);
      }
    }
  };
  await read(directory);
  return (performance.now() - startedAt) / 1_000;
}
