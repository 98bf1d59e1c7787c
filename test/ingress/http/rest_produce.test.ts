/** POST /topics/{topic} against a real store on a simulated disk, read back through the log. */
import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { deflate } from "../../../src/host/inflate.ts";
import { type HttpWorld, openHttpWorld } from "../../support/http_world.ts";
import { SimulatedDisk } from "../../support/simulated_disk.ts";
import { recordsOf, textsOf } from "../../support/stored_records.ts";

const JSON_TYPE = "application/vnd.kafka.json.v2+json";
const BINARY_TYPE = "application/vnd.kafka.binary.v2+json";

function produce({ post }: HttpWorld, records: unknown, path = "/topics/t", type = JSON_TYPE) {
  return post(path, type, JSON.stringify({ records }));
}

const numberOf = async (response: Response) => {
  expect(response.headers.get("content-type")).toBe("application/vnd.kafka.v2+json");
  const body = await response.json();
  expect(Object.keys(body)).toEqual(["error_code", "message"]);
  return [response.status, body.error_code];
};

const threePartitions = () => openHttpWorld({ store: { settings: { defaultPartitions: 3 } } });

describe("POST /topics/{topic}", () => {
  it("answers each record with where it lies", async () => {
    const world = await openHttpWorld();
    const first = await produce(world, [{ value: { a: 1 } }, { key: "k", value: "two" }]);
    expect(first.status).toBe(200);
    expect(first.headers.get("content-type")).toBe("application/vnd.kafka.v2+json");
    expect(await first.json()).toEqual({
      offsets: [
        { partition: 0, offset: 0, error_code: null, error: null },
        { partition: 0, offset: 1, error_code: null, error: null },
      ],
      key_schema_id: null,
      value_schema_id: null,
    });
    const second = await produce(world, [{ value: null }]);
    expect((await second.json()).offsets[0].offset).toBe(2);
    expect(await textsOf(world.store, "t")).toEqual(['{"a":1}', '"two"', null]);
    expect(world.asked).toEqual(["produce", "produce"]);
  });

  it("keeps bytes, headers and timestamps as they were given", async () => {
    const world = await openHttpWorld();
    const headers = [{ key: "h", value: "AP8=" }, { key: "h", value: null }];
    await produce(
      world,
      [{ key: "AAE=", value: "/w==", timestamp: 1234, headers }],
      "/topics/t",
      BINARY_TYPE,
    );
    const [record] = await recordsOf(world.store, "t");
    expect(record!.key).toEqual(Uint8Array.of(0, 1));
    expect(record!.value).toEqual(Uint8Array.of(255));
    expect(record!.timestamp).toBe(1234);
    expect(record!.headers).toEqual([["h", Uint8Array.of(0, 255)], ["h", null]]);
  });

  it("sends records where they say, and keys where every producer sends them", async () => {
    const world = await threePartitions();
    const response = await produce(world, [
      { value: 1, partition: 2 },
      { value: 2, partition: 0 },
      { value: 3, partition: 2 },
      { key: "same", value: 4 },
    ]);
    const { offsets } = await response.json();
    const places = offsets.map((one: { partition: number; offset: number }) => [
      one.partition,
      one.offset,
    ]);
    const keyed = world.store.core.murmur2(utf8('"same"')) % 3;
    expect(places.slice(0, 3)).toEqual([[2, 0], [0, 0], [2, 1]]);
    expect(places[3][0]).toBe(keyed);
    expect(await textsOf(world.store, "t", 2)).toEqual(["1", "3", ...(keyed === 2 ? ["4"] : [])]);
  });

  it("names offsets across batches of one request", async () => {
    const world = await openHttpWorld();
    const value = "x".repeat(300_000);
    const response = await produce(world, Array.from({ length: 9 }, () => ({ value })));
    const { offsets } = await response.json();
    expect(offsets.map((one: { offset: number }) => one.offset)).toEqual([
      ...[0, 1, 2, 3, 4, 5, 6, 7, 8],
    ]);
    expect(await textsOf(world.store, "t")).toHaveLength(9);
  });

  it("takes compressed bodies", async () => {
    const { post, store } = await openHttpWorld();
    const body = deflate("gzip", utf8('{"records":[{"value":"z"}]}'));
    const response = await post("/topics/t", JSON_TYPE, body as Uint8Array<ArrayBuffer>, {
      headers: { "content-encoding": "gzip" },
    });
    expect(response.status).toBe(200);
    expect(await textsOf(store, "t")).toEqual(['"z"']);
  });

  it("answers 204 to async=true, when the records are durable", async () => {
    const world = await openHttpWorld();
    const response = await produce(world, [{ value: 1 }], "/topics/t?async=true");
    expect([response.status, await response.text()]).toEqual([204, ""]);
    expect(await textsOf(world.store, "t")).toEqual(["1"]);
  });

  it("refuses, in the proxy's words, what it cannot take, and appends nothing of it", async () => {
    const world = await threePartitions();
    await produce(world, [{ value: 0, partition: 1 }]);
    const fat = "y".repeat(1_100_000);
    const cases: [Promise<Response>, [number, number]][] = [
      [produce(world, [{ value: 1 }, { value: 2, partition: 3 }]), [404, 40402]],
      [produce(world, [{ value: 1 }], "/topics/t/partitions/3"), [404, 40402]],
      [produce(world, [{ value: 1 }], "/topics/t/partitions/-1"), [404, 40402]],
      [produce(world, [{ value: 1, partition: 1 }], "/topics/t/partitions/1"), [422, 422]],
      [produce(world, [{ value: 1 }, { value: fat }]), [413, 413]],
      [produce(world, [{ value: 1 }], "/topics/a%20b"), [400, 40002]],
      [produce(world, [{ value: 1 }], "/topics/__internal"), [404, 40401]],
      [produce(world, [{ value: 1 }], "/topics/t?acks=1"), [400, 400]],
      [produce(world, [{ value: 1 }], "/topics/t", "application/json"), [415, 415]],
      [produce(world, [{ value: 1 }], "/topics/t", BINARY_TYPE), [422, 42203]],
      [
        world.post("/topics/t", JSON_TYPE, '{"records":[{"value":1}]}', {
          headers: { "logboom-producer-id": "p", "logboom-sequence": "1" },
        }),
        [422, 422],
      ],
    ];
    for (const [response, expected] of cases) {
      expect(await numberOf(await response)).toEqual(expected);
    }
    expect(await textsOf(world.store, "t", 1)).toEqual(["0"]);
    expect(await textsOf(world.store, "t", 0)).toEqual([]);
  });

  it("says what the disk refuses, and that it may be tried again", async () => {
    const disk = new SimulatedDisk();
    const world = await openHttpWorld({ store: { disk } });
    await produce(world, [{ value: 1 }]);
    disk.syncFault = (path) => path.endsWith(".log") ? "fail" : null;
    expect(await numberOf(await produce(world, [{ value: 2 }]))).toEqual([503, 50003]);
    disk.syncFault = null;
    expect((await produce(world, [{ value: 3 }])).status).toBe(200);
    expect(await textsOf(world.store, "t")).toContain("3");
  });
});

describe("POST /topics/{topic}/partitions/{partition}", () => {
  it("appends to that one", async () => {
    const world = await threePartitions();
    const response = await produce(world, [{ key: "k", value: 7 }], "/topics/t/partitions/2");
    expect((await response.json()).offsets[0]).toMatchObject({ partition: 2, offset: 0 });
    expect(await textsOf(world.store, "t", 2)).toEqual(["7"]);
  });
});
