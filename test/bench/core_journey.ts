/**
 * What a record costs in the core, copies by the face included: from a PUBLISH into a sealed batch,
 * the same read by mqtt-packet for comparison, from a line of NDJSON, and back out of a batch.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import process from "node:process";
import mqttPacket from "mqtt-packet";
import { utf8 } from "../../src/base/bytes.ts";
import { Core } from "../../src/core/core.ts";
import { encodeHeaders } from "../../src/core/record_headers.ts";
import { coreBytes } from "../support/core.ts";
import { jsonLines, publishPackets, readings } from "./core_corpus.ts";
import { median } from "./statistics.ts";

const PACKETS = 5_000;
const ROUNDS = 40;
const READ_BYTES = 64 * 1024;
/** What a commit under load gathers. */
const SEAL_AT_BYTES = 256 * 1024;

const STAMP = { baseOffset: 0, leaderEpoch: 0, logId: "0000000000000001" } as const;

/** Nanoseconds of processor time a record, medians. */
export function measureJourney(): Record<string, number> {
  const core = Core.create(coreBytes("core.relaxed"));
  for (const { topic } of readings(PACKETS)) {
    core.routes.set(utf8(topic), { handle: 0, key: null, keyIsTopic: true });
  }
  const packets = publishPackets(PACKETS);
  const lines = jsonLines(512 * 1024);
  ingest(core, packets, "lz4");
  core.ingest(packets.subarray(0, READ_BYTES), SESSION);
  const batch = core.seal(0, { ...STAMP, compression: "lz4" });
  return {
    "PUBLISH to open batch": nanoseconds(() => ingest(core, packets, null)),
    "PUBLISH to sealed batch": nanoseconds(() => ingest(core, packets, "none")),
    "PUBLISH to sealed batch, LZ4": nanoseconds(() => ingest(core, packets, "lz4")),
    "PUBLISH read by mqtt-packet": nanoseconds(() => parse(packets)),
    "NDJSON line to open batch": nanoseconds(() => {
      const { records } = core.appendLines(0, lines, { timestamp: SESSION.nowMs });
      core.discard(0);
      return records;
    }),
    "record out of an LZ4 batch": nanoseconds(() => core.decode(batch).length),
  };
}

const SESSION = {
  protocolVersion: 4,
  recordHeaders0: encodeHeaders([["mqtt.client_id", utf8("gateway-17")], ["mqtt.qos", utf8("0")]]),
  recordHeaders1: encodeHeaders([["mqtt.client_id", utf8("gateway-17")], ["mqtt.qos", utf8("1")]]),
  nowMs: Date.UTC(2026, 10, 22),
  packetBytesMax: 1024 * 1024,
} as const;

/** `pass` gives the records it handled. */
function nanoseconds(pass: () => number): number {
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.cpuUsage();
    const records = pass();
    const { user, system } = process.cpuUsage(start);
    rounds.push((user + system) * 1000 / records);
  }
  return median(rounds);
}

function ingest(core: Core, packets: Uint8Array, compression: "none" | "lz4" | null): number {
  let records = 0;
  for (let at = 0; at < packets.length;) {
    const result = core.ingest(packets.subarray(at, at + READ_BYTES), SESSION);
    at += result.consumed;
    records += result.records;
    const isDue = result.status === "batch_full" || at === packets.length;
    if (!isDue && core.openBytes(0) < SEAL_AT_BYTES) continue;
    if (compression === null) core.discard(0);
    else core.seal(0, { ...STAMP, compression });
  }
  return records;
}

function parse(packets: Uint8Array): number {
  let records = 0;
  const parser = mqttPacket.parser({ protocolVersion: 4 });
  parser.on("packet", () => records++);
  for (let at = 0; at < packets.length; at += READ_BYTES) {
    parser.parse(Buffer.from(packets.subarray(at, at + READ_BYTES)));
  }
  return records;
}
