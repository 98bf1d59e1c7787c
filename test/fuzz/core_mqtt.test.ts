/**
 * Hostile MQTT: the fast path agrees with the plainest reading of the specification about every
 * chunk, and leaves neighbouring batches alone.
 */
import { expect, it } from "vitest";
import { concat, toHex, utf8 } from "../../src/base/bytes.ts";
import type { IngestStatus } from "../../src/core/ingest.ts";
import { encodeHeaders } from "../../src/core/record_headers.ts";
import { Status } from "../../src/core/status.ts";
import { testCore } from "../support/core.ts";
import { fuzz, FUZZ_TIMEOUT_MS } from "./core_arena.ts";

const core = testCore();
const STAMP = {
  baseOffset: 0,
  leaderEpoch: 0,
  logId: "0000000000000001",
  compression: "none",
} as const;
const PACKET_BYTES_MAX = 300;
const HANDLES: Readonly<Record<string, number>> = { "a": 1, "a/b": 2, "devices/7/telemetry": 1 };

const session = (protocolVersion: 4 | 5) => ({
  protocolVersion,
  recordHeaders0: encodeHeaders([["mqtt.qos", utf8("0")]]),
  recordHeaders1: encodeHeaders([["mqtt.qos", utf8("1")]]),
  nowMs: 1_700_000_000_000,
  packetBytesMax: PACKET_BYTES_MAX,
});
const SESSIONS = { 4: session(4), 5: session(5) } as const;

function publish(version: 4 | 5, flags: number, topic: string, payload: Uint8Array): Uint8Array {
  const name = utf8(topic);
  const body = concat([
    Uint8Array.of(0, name.length),
    name,
    Uint8Array.from(flags & 6 ? [1, 2] : []),
    Uint8Array.from(version === 5 ? [0] : []),
    payload,
  ]);
  const size = body.length < 128 ? [body.length] : [(body.length & 127) | 128, body.length >> 7];
  return concat([Uint8Array.of(0x30 | flags, ...size), body]);
}

function corpusOf(version: 4 | 5): Uint8Array[] {
  const one = publish(version, 2, "a", utf8("one"));
  const two = publish(version, 0, "a/b", new Uint8Array(150).fill(0x20));
  const three = publish(version, 2, "devices/7/telemetry", utf8('{"t":21.5}'));
  const unknown = publish(version, 0, "b", utf8("?"));
  const ping = Uint8Array.of(0xc0, 0);
  const retained = publish(version, 1, "a", utf8("kept"));
  return [
    one,
    concat([one, two, three]),
    concat([three, three, unknown]),
    concat([two, ping, one]),
    concat([one, retained]),
  ];
}

interface Expected {
  status: IngestStatus;
  consumed: number;
  /** Topic, QoS and payload of each record. */
  records: { topic: string; qos: number; payload: string }[];
  acks: string;
}

/** The specification, read plainly, one packet after the other. */
function reading(chunk: Uint8Array, version: 4 | 5): Expected {
  const expected: Expected = { status: "need_more", consumed: 0, records: [], acks: "" };
  for (;;) {
    const taken = readOne(chunk.subarray(expected.consumed), version, expected);
    if (typeof taken === "string") return { ...expected, status: taken };
    expected.consumed += taken;
  }
}

function readOne(bytes: Uint8Array, version: 4 | 5, expected: Expected): number | IngestStatus {
  let remaining = 0;
  let sizeBytes = 0;
  for (let more = true; more; sizeBytes++) {
    if (sizeBytes === 4) return "malformed";
    const byte = bytes[1 + sizeBytes];
    if (byte === undefined) return "need_more";
    remaining += (byte & 127) * 128 ** sizeBytes;
    more = byte > 127;
    if (version === 5 && byte === 0 && sizeBytes > 0) return "malformed";
  }
  const size = 1 + sizeBytes + remaining;
  if (size > PACKET_BYTES_MAX) return "too_large";
  const [type, flags] = [bytes[0]! >> 4, bytes[0]! & 15];
  const qos = (flags >> 1) & 3;
  if (type === 3 && (qos === 3 || (qos === 0 && flags & 8))) return "malformed";
  if (bytes.length < size) return "need_more";
  if (type !== 3 || qos === 2 || flags & 9) return "other_packet";

  const body = bytes.subarray(1 + sizeBytes, size);
  if (body.length < 2) return "malformed";
  const nameSize = body[0]! * 256 + body[1]!;
  if (2 + nameSize > body.length) return "malformed";
  if (nameSize === 0) return version === 5 ? "other_packet" : "malformed";
  const topic = toHex(body.subarray(2, 2 + nameSize));
  let rest = body.subarray(2 + nameSize);
  let ack = "";
  if (qos === 1) {
    if (rest.length < 2 || (rest[0] === 0 && rest[1] === 0)) return "malformed";
    ack = "4002" + toHex(rest.subarray(0, 2));
    rest = rest.subarray(2);
  }
  if (version === 5) {
    if (rest.length === 0) return "malformed";
    if (rest[0] !== 0) return "other_packet";
    rest = rest.subarray(1);
  }
  if (!Object.keys(HANDLES).some((known) => toHex(utf8(known)) === topic)) return "route_miss";
  expected.records.push({ topic, qos, payload: toHex(rest) });
  expected.acks += ack;
  return size;
}

/** What the open batches hold, and that they are sound; they are closed by this. */
function sealedRecords(): Expected["records"] {
  return core.openHandles().sort().flatMap((handle) => {
    const batch = core.seal(handle, STAMP);
    expect(core.validateRecords(batch)).toBe(Status.OK);
    return core.decode(batch).map(({ key, value, headers }) => ({
      topic: toHex(key!),
      qos: headers[0]![1]![0]! - 0x30,
      payload: toHex(value!),
    }));
  });
}

it.each([4, 5] as const)("ingest() reads MQTT version %d as the specification does", (version) => {
  core.reset();
  for (const [topic, handle] of Object.entries(HANDLES)) {
    core.routes.set(utf8(topic), { handle, key: null, keyIsTopic: true });
  }
  const handleOf = ({ topic }: { topic: string }) =>
    Object.entries(HANDLES).find(([name]) => toHex(utf8(name)) === topic)![1];
  let appended = 0;
  fuzz(corpusOf(version), (chunk) => {
    const expected = reading(chunk, version);
    const result = core.ingest(chunk, SESSIONS[version]);
    expect(result).toMatchObject({ status: expected.status, consumed: expected.consumed });
    expect(result.records).toBe(expected.records.length);
    expect(toHex(result.acks)).toBe(expected.acks);
    expect(result.touched.toSorted()).toEqual(core.openHandles().sort());
    const byHandle = expected.records.toSorted((a, b) => handleOf(a) - handleOf(b));
    expect(sealedRecords()).toEqual(byHandle);
    appended += result.records;
  });
  expect(appended).toBeGreaterThan(10);
}, FUZZ_TIMEOUT_MS);
