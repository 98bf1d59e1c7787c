/** Pulling records of one partition, against a real store on a simulated disk. */
import { decode } from "cbor-x";
import { describe, expect, it, vi } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { readBatchHeader } from "../../../src/format/record_batch.ts";
import { deflate } from "../../../src/host/inflate.ts";
import { type HttpWorld, NODE_NAME, openHttpWorld } from "../../support/http_world.ts";
import { SimulatedDisk } from "../../support/simulated_disk.ts";

const PARTITION = "/v1/topics/t/partitions/0/records";
const NDJSON = "application/x-ndjson";
const BATCHES = "application/vnd.logboom.batches";

async function filled(count: number, world?: HttpWorld): Promise<HttpWorld> {
  const made = world ?? await openHttpWorld();
  for (let at = 0; at < count; at++) {
    const response = await made.post("/v1/topics/t/records?key=k", "text/plain", `value ${at}`);
    expect(response.status).toBe(200);
  }
  return made;
}

const accept = (type: string) => ({ headers: { accept: type } });

describe("GET partition records", () => {
  it("gives a page that says where the next one begins", async () => {
    const { get } = await filled(5);
    const first = await (await get(`${PARTITION}?max_records=2`)).json();
    expect(first).toMatchObject({
      next_offset: 2,
      high_watermark: 5,
      log_start_offset: 0,
      gaps: [],
    });
    expect(first.records).toEqual([0, 1].map((offset) => ({
      ...{ topic: "t", partition: 0, offset, key: "k", value: `value ${offset}`, headers: [] },
      timestamp: 1_700_000_000_000,
    })));
    const rest = await (await get(`${PARTITION}?offset=2`)).json();
    expect(rest.records.map(({ offset }: { offset: number }) => offset)).toEqual([2, 3, 4]);
    expect(rest.next_offset).toBe(5);
    const none = await (await get(`${PARTITION}?offset=5`)).json();
    expect(none).toMatchObject({ records: [], next_offset: 5 });
  });

  it("gives the same records in every representation, with the same headers", async () => {
    const { get, store } = await filled(3);
    const json = await get(PARTITION);
    const page = await json.json();
    for (const type of [NDJSON, "application/cbor", BATCHES]) {
      const response = await get(PARTITION, accept(type));
      expect(response.headers.get("content-type")).toBe(type);
      for (const name of ["next-offset", "high-watermark", "log-start-offset", "leader-epoch"]) {
        expect(response.headers.get(`logboom-${name}`), name)
          .toBe(json.headers.get(`logboom-${name}`));
      }
      const bytes = await response.bytes();
      if (type === NDJSON) {
        const lines = new TextDecoder().decode(bytes).trim().split("\n");
        expect(lines.map((line) => JSON.parse(line))).toEqual(page.records);
      } else if (type === BATCHES) {
        const values = [];
        for (let at = 0; at < bytes.length;) {
          const size = store.core.verifyBatch(bytes.subarray(at));
          values.push(...store.core.decode(bytes.subarray(at, at + size)).map((r) => r.value));
          at += size;
        }
        expect(values).toEqual([0, 1, 2].map((at) => utf8(`value ${at}`)));
      } else {
        expect(decode(bytes)).toEqual(page);
      }
    }
  });

  it("gives raw batches as they lie on the disk, the one with the offset whole", async () => {
    const world = await openHttpWorld();
    await world.post("/v1/topics/t/records", "text/plain", "a\nb\nc");
    const bytes = await (await world.get(`${PARTITION}?offset=1`, accept(BATCHES))).bytes();
    expect(readBatchHeader(bytes)).toMatchObject({ baseOffset: 0, recordsCount: 3 });
    const disk = world.world.disk as SimulatedDisk;
    const file = disk.contents("t-0/00000000000000000000.log");
    expect(bytes).toEqual(file.slice(0, bytes.length));
    const page = await (await world.get(`${PARTITION}?offset=1`)).json();
    expect(page.records.map(({ value }: { value: string }) => value)).toEqual(["b", "c"]);
  });

  it("gives many raw pages at once, each what lies there, read when it may be", async () => {
    const world = await openHttpWorld();
    for (let at = 0; at < 20; at++) {
      await world.post("/v1/topics/t/records", "text/plain", String(at).repeat(5_000));
    }
    const offsets = Array.from({ length: 20 }, (_, at) => at);
    const get = (offset: number) =>
      world.get(`${PARTITION}?offset=${offset}&max_bytes=${70_000 + offset}`, accept(BATCHES));
    const responses = await Promise.all([...offsets, ...offsets].map(get));
    const disk = world.world.disk as SimulatedDisk;
    const file = disk.contents("t-0/00000000000000000000.log");
    for (const [at, response] of responses.entries()) {
      const bytes = await response.bytes();
      expect(readBatchHeader(bytes).baseOffset).toBe(at % 20);
      const from = file.length - bytes.length;
      expect(bytes).toEqual(file.slice(from));
    }
  });

  it("tells where a record first became durable", async () => {
    const { get, store } = await filled(2);
    const { records } = await (await get(`${PARTITION}?source=true&offset=1`)).json();
    const [log] = [...store.logs.all()];
    expect(records[0].source)
      .toEqual({ gateway: NODE_NAME, log_id: log!.logId, partition: 0, offset: 1 });
  });

  it("begins at what is earliest by then, where retention overtakes the read", async () => {
    for (const query of ["", "&contains=value", "&order=source"]) {
      const { get, request, store } = await filled(5);
      const log = store.topic("t")!.partitions[0]!;
      const overtake = (before: number) => {
        const read = log.read.bind(log);
        vi.spyOn(log, "read").mockImplementationOnce(async (...given) => {
          await request("DELETE", `${PARTITION}?before=${before}`);
          return await read(...given);
        });
      };
      overtake(2);
      const page = await (await get(`${PARTITION}?max_records=9${query}`)).json();
      expect(page.records.map(({ offset }: { offset: number }) => offset)).toEqual([2, 3, 4]);
      // Who asked for an offset is told what is gone.
      overtake(4);
      const late = await get(`${PARTITION}?offset=2${query}`);
      expect(late.status).toBe(416);
      expect((await late.json()).missed).toMatchObject([{ from: 2, to: 4 }]);
    }
  });

  it("starts at earliest, latest, or a timestamp", async () => {
    const world = await openHttpWorld();
    const forms = [10, 30, 20, 40].map((timestamp) => ({ timestamp, value: String(timestamp) }));
    for (const form of forms) {
      await world.post(
        "/v1/topics/t/records",
        "application/vnd.logboom.records+json",
        JSON.stringify(form),
      );
    }
    const firstOf = async (query: string) => {
      const page = await (await world.get(`${PARTITION}?${query}`)).json();
      return page.records[0]?.offset ?? `end at ${page.next_offset}`;
    };
    expect(await firstOf("offset=earliest")).toBe(0);
    expect(await firstOf("offset=latest")).toBe("end at 4");
    expect(await firstOf("timestamp=0")).toBe(0);
    expect(await firstOf("timestamp=25")).toBe(1);
    expect(await firstOf("timestamp=40")).toBe(3);
    expect(await firstOf("timestamp=41")).toBe("end at 4");
  });

  it("reads batches of gzip and zstd that were replicated here", async () => {
    const world = await openHttpWorld();
    await filled(1, world);
    const log = world.store.topic("t")!.partitions[0]!;
    const [plain] = (await log.read(0, { maxBytes: 1 })).batches;
    for (const [codec, number] of [["gzip", 1], ["zstd", 4]] as const) {
      const records = deflate(codec, plain!.slice(61));
      const batch = new Uint8Array(61 + records.length);
      batch.set(plain!.slice(0, 61));
      batch.set(records, 61);
      const view = new DataView(batch.buffer);
      view.setInt32(8, batch.length - 12);
      view.setInt16(21, number);
      view.setUint32(17, world.store.core.crc32c(batch.subarray(21)));
      await new Promise<void>((resolve, reject) => {
        log.appendReplicated(batch, {
          committed: (_log, error) => error === null ? resolve() : reject(error),
        });
      });
    }
    const { records } = await (await world.get(PARTITION)).json();
    expect(records.map(({ value }: { value: string }) => value))
      .toEqual(["value 0", "value 0", "value 0"]);
  });

  it("bounds a page by the bytes its records decode to", async () => {
    const world = await openHttpWorld();
    const line = "x".repeat(1_000);
    await world.post("/v1/topics/t/records", "text/plain", `${line}\n`.repeat(1_000));
    const page = await (await world.get(`${PARTITION}?max_bytes=5000`)).json();
    expect(page.records).toHaveLength(5);
    expect(page.next_offset).toBe(5);
  });

  it("waits for records where it is asked to, and is woken by them", async () => {
    const world = await filled(1);
    const waiting = world.get(`${PARTITION}?offset=1&max_wait_ms=10000`);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await filled(1, world);
    expect((await (await waiting).json()).records).toHaveLength(1);
  });

  it("answers empty when the wait is over, or the node stops", async () => {
    const stopping = new AbortController();
    const world = await openHttpWorld({ egress: { stopping: stopping.signal } });
    await filled(1, world);
    const late = world.get(`${PARTITION}?offset=1&max_wait_ms=10000`);
    await new Promise((resolve) => setTimeout(resolve, 5));
    world.world.clock.advance(10_000);
    expect(await (await late).json()).toMatchObject({ records: [], next_offset: 1 });
    const stopped = world.get(`${PARTITION}?offset=1&max_wait_ms=10000`);
    await new Promise((resolve) => setTimeout(resolve, 5));
    stopping.abort();
    expect(await (await stopped).json()).toMatchObject({ records: [] });
  });

  it("stops waiting when the reader has gone", async () => {
    const world = await filled(1);
    const gone = new AbortController();
    const waiting = world.get(`${PARTITION}?offset=1&max_wait_ms=10000`, { signal: gone.signal });
    await new Promise((resolve) => setTimeout(resolve, 5));
    const before = world.world.clock.timersWaiting;
    gone.abort();
    await waiting;
    expect(world.world.clock.timersWaiting).toBe(before - 1);
  });

  it("names gaps in every representation, and passes them", async () => {
    const disk = new SimulatedDisk();
    const world = await openHttpWorld({ store: { disk } });
    await filled(4, world);
    const path = "t-0/00000000000000000000.log";
    const size = disk.contents(path).length;
    const log = world.store.topic("t")!.partitions[0]!;
    const first = (await log.read(0, { maxBytes: 1 })).batches[0]!.length;
    disk.flipBit(path, first + 70, 3);
    expect(size).toBeGreaterThan(first);
    const gap = { from: 1, to: 2, reason: "corrupt" };
    const page = await (await world.get(PARTITION)).json();
    expect(page.gaps).toEqual([gap]);
    expect(page.records.map(({ offset }: { offset: number }) => offset)).toEqual([0, 2, 3]);
    const lines = (await (await world.get(PARTITION, accept(NDJSON))).text()).trim().split("\n");
    expect(JSON.parse(lines[1]!)).toEqual({ gap });
    const raw = await world.get(PARTITION, accept(BATCHES));
    expect(JSON.parse(raw.headers.get("logboom-gaps")!)).toEqual([gap]);
    expect(decode(await (await world.get(PARTITION, accept("application/cbor"))).bytes()).gaps)
      .toEqual([gap]);
  });

  it("checks the leader epoch a reader hands back", async () => {
    const world = await filled(2);
    const page = await (await world.get(PARTITION)).json();
    expect(page.leader_epoch).toBe(world.store.leaderEpoch);
    expect((await world.get(`${PARTITION}?offset=2&epoch=${page.leader_epoch}`)).status).toBe(200);
    const response = await world.get(`${PARTITION}?offset=2&epoch=${page.leader_epoch + 1}`);
    expect(response.status).toBe(416);
    expect(await response.json()).toMatchObject({ code: "log_diverged", high_watermark: 2 });
  });
});

describe("GET partition records, refused", () => {
  const refused: [string, number, string, Record<string, unknown>?][] = [
    ["?offset=3", 416, "offset_out_of_range", { log_start_offset: 0, high_watermark: 2 }],
    ["?offset=3&max_wait_ms=1000", 416, "offset_out_of_range"],
    ["?offset=-1", 400, "invalid_argument", { parameter: "offset" }],
    ["?offset=first", 400, "invalid_argument", { parameter: "offset" }],
    ["?offset=1&timestamp=1", 400, "invalid_argument", { parameter: "timestamp" }],
    ["?max_records=0", 400, "invalid_argument", { parameter: "max_records" }],
    ["?max_bytes=999999999", 400, "invalid_argument", { parameter: "max_bytes" }],
    ["?source=1", 400, "invalid_argument", { parameter: "source" }],
    ["?ofset=1", 400, "invalid_argument", { parameter: "ofset" }],
  ];

  it.each(refused)("%s: %i %s", async (query, status, code, detail = {}) => {
    const { get, bugs } = await filled(2);
    const response = await get(`${PARTITION}${query}`);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code, status, ...detail });
    expect(bugs).toEqual([]);
  });

  it("an unknown topic or partition, or a representation nobody has", async () => {
    const { get } = await filled(1);
    const codeOf = async (path: string, type = "*/*") =>
      (await (await get(path, accept(type))).json()).code;
    expect(await codeOf("/v1/topics/u/partitions/0/records")).toBe("unknown_topic");
    for (const partition of ["1", "-1", "x", "99999"]) {
      expect(await codeOf(`/v1/topics/t/partitions/${partition}/records`)).toBe(
        "unknown_partition",
      );
    }
    expect(await codeOf(PARTITION, "text/html")).toBe("not_acceptable");
  });
});
