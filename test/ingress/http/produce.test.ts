/**
 * POST /v1/topics/{topic}/records against a real store on a simulated disk. What was produced is
 * read back through the log and the core, not through the other door.
 */
import { describe, expect, it } from "vitest";
import { concat, fromHex, utf8 } from "../../../src/base/bytes.ts";
import { readBatchHeader } from "../../../src/format/record_batch.ts";
import { type HttpWorld, openHttpWorld } from "../../support/http_world.ts";
import { KAFKA_BATCHES, T0, THREE_READINGS } from "../../support/kafka_batches.ts";
import { deflate } from "../../../src/host/inflate.ts";
import { SimulatedDisk } from "../../support/simulated_disk.ts";
import { recordsOf, textsOf } from "../../support/stored_records.ts";

const NDJSON = "application/x-ndjson";
const RECORDS = "application/vnd.logboom.records+json";
const BATCHES = "application/vnd.logboom.batches";
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

async function codeOf(response: Response): Promise<string> {
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  const { code, status } = await response.json();
  expect(status).toBe(response.status);
  return code;
}

describe("POST records", () => {
  it("stores each kind of body as the records it is, byte for byte", async () => {
    const { post, store } = await openHttpWorld();
    const landings = [];
    for (
      const [type, body] of [
        ["application/json", ` {"n": 1.0} `],
        ["application/json", `[1.50, "x", {"a" : null}]`],
        [NDJSON, `{"l":1}\r\n\n{"l":2}`],
        ["text/plain", "\ufeffone\ntwo\r\n"],
        ["application/octet-stream", "a\nb"],
      ] as const
    ) {
      const response = await post("/v1/topics/t/records", type, body);
      expect(response.status, body).toBe(200);
      landings.push(await response.json());
    }
    expect(landings).toEqual([
      { topic: "t", partition: 0, base_offset: 0, last_offset: 0, records: 1 },
      { topic: "t", partition: 0, base_offset: 1, last_offset: 3, records: 3 },
      { topic: "t", partition: 0, base_offset: 4, last_offset: 5, records: 2 },
      { topic: "t", partition: 0, base_offset: 6, last_offset: 7, records: 2 },
      { topic: "t", partition: 0, base_offset: 8, last_offset: 8, records: 1 },
    ]);
    expect(await textsOf(store, "t")).toEqual([
      ...[`{"n": 1.0}`, `1.50`, `"x"`, `{"a" : null}`, `{"l":1}`, `{"l":2}`],
      ...["\ufeffone", "two", "a\nb"],
    ]);
  });

  it("stores CBOR elements as their source bytes", async () => {
    const { post, store } = await openHttpWorld();
    const response = await post(
      "/v1/topics/t/records",
      "application/cbor",
      fromHex("821903e8f97e00"),
    );
    expect(await response.json()).toMatchObject({ records: 2 });
    const values = (await recordsOf(store, "t")).map(({ value }) => value!.toHex());
    expect(values).toEqual(["1903e8", "f97e00"]);
  });

  it("stores written-out records with key, headers and timestamp", async () => {
    const { post, store } = await openHttpWorld();
    const body = JSON.stringify([
      { key: "k", value: "v", timestamp: 5, headers: [{ key: "h", value: "1" }, { key: "h" }] },
      { value_base64: "/wA=" },
    ]);
    expect((await post("/v1/topics/t/records", RECORDS, body)).status).toBe(200);
    const [first, second] = await recordsOf(store, "t");
    expect(first).toMatchObject({
      timestamp: 5,
      key: utf8("k"),
      headers: [["h", utf8("1")], ["h", null]],
    });
    expect(second).toMatchObject({ key: null, value: Uint8Array.of(0xff, 0), headers: [] });
    expect(second!.timestamp).toBe(1_700_000_000_000);
  });

  it("takes raw batches of every codec, and makes them its own", async () => {
    const { post, store } = await openHttpWorld();
    const { plain, idempotent, lz4, snappy } = KAFKA_BATCHES;
    const response = await post(
      "/v1/topics/t/records",
      BATCHES,
      concat([plain, idempotent, lz4, snappy]),
    );
    expect(await response.json()).toMatchObject({ base_offset: 0, records: 8 });
    const records = await recordsOf(store, "t");
    expect(records[0]).toMatchObject({
      timestamp: T0,
      key: utf8("k"),
      value: utf8("hello"),
      headers: [["h", utf8("v")]],
    });
    expect(records[3]).toMatchObject({ timestamp: T0 - 3, key: utf8("id"), value: null });
    expect(decoder.decode(records[4]!.value!)).toBe(
      THREE_READINGS.slice(0, records[4]!.value!.length),
    );
    const log = store.topic("t")!.partitions[0]!;
    const header = readBatchHeader((await log.read(0, { maxBytes: 1 })).batches[0]!);
    expect(header).toMatchObject({ baseOffset: 0, sourceOffset: 0, recordsCount: 8 });
    expect(store.logs.isOwn(log, header.logId)).toBe(true);
  });

  it("takes a body that is compressed on the way", async () => {
    const { post, store } = await openHttpWorld();
    for (const codec of ["gzip", "zstd"] as const) {
      const body = deflate(codec, utf8(`"${codec}"\n`));
      const headers = { "content-encoding": codec };
      expect((await post("/v1/topics/t/records", NDJSON, body, { headers })).status).toBe(200);
    }
    expect(await textsOf(store, "t")).toEqual([`"gzip"`, `"zstd"`]);
    const bomb = deflate("gzip", new Uint8Array(17 * 1024 * 1024));
    const headers = { "content-encoding": "gzip" };
    expect(await codeOf(await post("/v1/topics/t/records", NDJSON, bomb, { headers })))
      .toBe("body_too_large");
  });

  it("chooses partitions as Kafka does, and answers with all of them", async () => {
    const { post, store } = await openHttpWorld({ store: { settings: { defaultPartitions: 5 } } });
    // murmur2("21") = -973932308, murmur2("foobar") = -790332482 (Kafka's UtilsTest).
    const body = JSON.stringify([{ key: "21", value: "a" }, { key: "foobar", value: "b" }]);
    const landings = await (await post("/v1/topics/t/records", RECORDS, body)).json();
    const expected = [(-973932308 & 0x7fffffff) % 5, (-790332482 & 0x7fffffff) % 5];
    expect(landings.map(({ partition }: { partition: number }) => partition))
      .toEqual(expected.toSorted());
    expect(await textsOf(store, "t", expected[0])).toContain("a");
    const keyed = await post("/v1/topics/t/records?key=21", "text/plain", "c\nd\n");
    expect(await keyed.json()).toMatchObject({ partition: expected[0], records: 2 });
    const placed = await post("/v1/topics/t/records?partition=2&key=x", "text/plain", "e");
    expect(await placed.json()).toMatchObject({ partition: 2 });
  });

  it("appends a body that needs many batches, whole and in order", async () => {
    const { post, store } = await openHttpWorld();
    const lines = Array.from(
      { length: 40_000 },
      (_, at) => `{"n":${at},"pad":"${"x".repeat(40)}"}`,
    );
    const response = await post("/v1/topics/t/records", NDJSON, lines.join("\n"));
    expect(await response.json()).toMatchObject({ base_offset: 0, last_offset: 39_999 });
    expect(await textsOf(store, "t")).toEqual(lines);
    expect(store.topic("t")!.partitions[0]!.highWatermark).toBe(40_000);
  });

  it("answers in CBOR where the client wants that", async () => {
    const { post } = await openHttpWorld();
    const response = await post("/v1/topics/t/records", NDJSON, "1", {
      headers: { accept: "application/cbor" },
    });
    expect(response.headers.get("content-type")).toBe("application/cbor");
  });

  it("answers only once the records are synced", async () => {
    const disk = new SimulatedDisk();
    const { post, store } = await openHttpWorld({
      store: { disk, settings: { defaultPartitions: 5 } },
    });
    // Two partitions, so that no sync is done on the event loop.
    const body = JSON.stringify([{ key: "21", value: "a" }, { key: "foobar", value: "b" }]);
    await post("/v1/topics/t/records", RECORDS, body);
    const release = disk.holdSyncs();
    let answered = false;
    const response = post("/v1/topics/t/records", RECORDS, body);
    void response.then(() => answered = true);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(answered).toBe(false);
    expect(store.topic("t")!.partitions[0]!.highWatermark).toBe(1);
    release();
    expect((await response).status).toBe(200);
    expect(store.topic("t")!.partitions[0]!.highWatermark).toBe(2);
  });
});

describe("POST records, refused", () => {
  const refused: [string, string, string, string, BodyInit, Record<string, string>?][] = [
    ["an empty body", "malformed_body", "", NDJSON, ""],
    ["an empty array", "malformed_body", "", "application/json", "[]"],
    ["a bad line", "malformed_body", "", NDJSON, "1\n{]\n"],
    ["a cut batch", "malformed_body", "", BATCHES, KAFKA_BATCHES.plain.slice(0, 70)],
    ["a control batch", "malformed_body", "", BATCHES, KAFKA_BATCHES.control.slice()],
    ["a form body", "unsupported_media_type", "", "application/x-www-form-urlencoded", "a=1"],
    ["a foreign encoding", "unsupported_media_type", "", NDJSON, "1", { "content-encoding": "br" }],
    ["a foreign answer", "not_acceptable", "", NDJSON, "1", { accept: "text/html" }],
    ["an unknown parameter", "invalid_argument", "?partiton=1", NDJSON, "1"],
    ["a bad partition", "invalid_argument", "?partition=-1", NDJSON, "1"],
    ["an absent partition", "unknown_partition", "?partition=1", NDJSON, "1"],
    ["half an identity", "invalid_argument", "", NDJSON, "1", { "logboom-sequence": "1" }],
  ];

  it.each(refused)(
    "%s: %s, and nothing is appended",
    async (_, code, query, type, body, headers) => {
      const { post, store, bugs } = await openHttpWorld();
      const response = await post(
        `/v1/topics/t/records${query}`,
        type,
        body,
        headers && { headers },
      );
      expect(await codeOf(response)).toBe(code);
      expect(store.topic("t")?.partitions[0]?.highWatermark ?? 0).toBe(0);
      expect(bugs).toEqual([]);
    },
  );

  it("a topic name that breaks the rule, or is internal", async () => {
    const { post, store } = await openHttpWorld();
    for (const name of ["a%20b", "__offsets", "x".repeat(250), "%2e", "%2e%2e", "%00"]) {
      const response = await post(`/v1/topics/${name}/records`, NDJSON, "1");
      expect([400, 404], name).toContain(response.status);
    }
    expect(store.topics()).toEqual([]);
  });

  it("a record that is too large refuses its whole request before anything is appended", async () => {
    const { post, store } = await openHttpWorld();
    const large = "x".repeat(1024 * 1024);
    for (const body of [`small\n${large}`, large]) {
      expect(await codeOf(await post("/v1/topics/t/records", "text/plain", body)))
        .toBe("record_too_large");
    }
    expect(await codeOf(await post("/v1/topics/t/records", "application/json", `[1,"${large}"]`)))
      .toBe("record_too_large");
    expect(
      await codeOf(
        await post(
          `/v1/topics/t/records?key=${"k".repeat(9)}`,
          RECORDS,
          JSON.stringify([
            { value: "ok" },
            { key: large, value: "x" },
          ]),
        ),
      ),
    ).toBe("record_too_large");
    expect(store.topic("t")!.partitions[0]!.highWatermark).toBe(0);
    expect(store.core.openHandles()).toEqual([]);
  });

  it("a record of the largest size that is let in is taken", async () => {
    const { post } = await openHttpWorld();
    const largest = new Uint8Array(1_048_588 - 61 - 21);
    const response = await post("/v1/topics/t/records", "application/octet-stream", largest);
    expect(response.status).toBe(200);
    const over = new Uint8Array(1_048_588 - 61 - 20);
    expect((await post("/v1/topics/t/records", "application/octet-stream", over)).status).toBe(413);
  });

  it("too many records in one request", async () => {
    const { post } = await openHttpWorld();
    const lines = "1\n".repeat(1_000_001);
    for (const type of [NDJSON, "text/plain"]) {
      expect(await codeOf(await post("/v1/topics/t/records", type, lines))).toBe("body_too_large");
    }
    const array = `[${"1,".repeat(100_000)}1]`;
    expect(await codeOf(await post("/v1/topics/t/records", "application/json", array)))
      .toBe("body_too_large");
  });

  it("a body over the limit", async () => {
    const { post } = await openHttpWorld({ limits: { bodyBytesMax: 100 } });
    expect(await codeOf(await post("/v1/topics/t/records", NDJSON, "1".repeat(101))))
      .toBe("body_too_large");
  });

  it("while too much is in flight, after a while; and is let in once there is room", async () => {
    const { post, admission, world } = await openHttpWorld({ admissionBytesMax: 10 });
    const other = admission.source(() => {});
    other.enter(10);
    const late = post("/v1/topics/t/records", NDJSON, "1");
    await new Promise((resolve) => setTimeout(resolve, 5));
    world.clock.advance(6_000);
    const response = await late;
    expect(response.headers.get("retry-after")).toBe("1");
    expect(await codeOf(response)).toBe("overloaded");

    const waiting = post("/v1/topics/t/records", NDJSON, "1");
    await new Promise((resolve) => setTimeout(resolve, 5));
    other.close();
    expect((await waiting).status).toBe(200);
    expect(admission.bytes).toBe(0);
  });

  it("with storage_full where the disk is, and the request can be repeated", async () => {
    const disk = new SimulatedDisk();
    const { post, store, bugs } = await openHttpWorld({ store: { disk } });
    await post("/v1/topics/t/records", NDJSON, "1");
    disk.capacityBytes = disk.usedBytes();
    const response = await post("/v1/topics/t/records", "text/plain", "x".repeat(5_000));
    expect(response.status).toBe(507);
    expect(response.headers.get("retry-after")).toBe("30");
    expect(await response.json()).toMatchObject({ code: "storage_full", retriable: true });
    disk.capacityBytes = Infinity;
    expect((await post("/v1/topics/t/records", "text/plain", "y")).status).toBe(200);
    expect(await textsOf(store, "t")).toEqual(["1", "y"]);
    expect(bugs).toEqual([]);
  });
});

describe("POST records with an identity", () => {
  const once = (world: HttpWorld, sequence: number, body: string, type = NDJSON) =>
    world.post("/v1/topics/t/records", type, body, {
      headers: { "logboom-producer-id": "device-1", "logboom-sequence": String(sequence) },
    });

  it("appends a repeat once and gives the first answer", async () => {
    const world = await openHttpWorld({ store: { settings: { defaultPartitions: 4 } } });
    const first = await once(world, 0, "1\n2\n");
    expect(first.headers.get("logboom-replayed")).toBeNull();
    const landing = await first.json();
    expect(landing).toMatchObject({ records: 2 });
    const again = await once(world, 0, "1\n2\n");
    expect(again.headers.get("logboom-replayed")).toBe("true");
    expect(await again.json()).toEqual(landing);
    expect(await textsOf(world.store, "t", landing.partition)).toEqual(["1", "2"]);
    expect((await once(world, 1, "3\n")).headers.get("logboom-replayed")).toBeNull();
  });

  it("gives repeats that come while the first is under way the same answer", async () => {
    const world = await openHttpWorld();
    const responses = await Promise.all(
      [1, 2, 3].map(() => once(world, 7, "x".replace("x", '"x"'))),
    );
    const bodies = await Promise.all(responses.map((response) => response.json()));
    expect(new Set(bodies.map((body) => JSON.stringify(body))).size).toBe(1);
    expect(await textsOf(world.store, "t")).toEqual([`"x"`]);
  });

  it("spreads keys over partitions, and repeats the whole answer", async () => {
    const world = await openHttpWorld({ store: { settings: { defaultPartitions: 5 } } });
    const body = JSON.stringify(
      Array.from({ length: 50 }, (_, at) => ({ key: `k${at % 9}`, value: String(at) })),
    );
    const first = await (await once(world, 3, body, RECORDS)).json();
    expect(first.length).toBeGreaterThan(1);
    const again = await once(world, 3, body, RECORDS);
    expect(await again.json()).toEqual(first);
    const all = await Promise.all([0, 1, 2, 3, 4].map((at) => textsOf(world.store, "t", at)));
    expect(all.flat()).toHaveLength(50);
  });

  it("refuses a sequence that came with another body", async () => {
    const world = await openHttpWorld();
    await once(world, 1, "1");
    expect(await codeOf(await once(world, 1, "2"))).toBe("sequence_conflict");
    expect(await textsOf(world.store, "t")).toEqual(["1"]);
  });

  it("knows a repeat across a restart", async () => {
    const disk = new SimulatedDisk();
    const world = await openHttpWorld({ store: { disk } });
    const landing = await (await once(world, 5, "1\n2")).json();
    await world.store.close();
    const { catalogue } = world.world;
    const after = await openHttpWorld({ store: { disk, catalogue } });
    const again = await once(after, 5, "1\n2");
    expect(again.headers.get("logboom-replayed")).toBe("true");
    expect(await again.json()).toEqual(landing);
  });
});
