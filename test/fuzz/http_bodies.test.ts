/**
 * HTTP bodies, mutated. Whatever comes is taken or refused with a problem of its own: never a crash,
 * never more out than went in, and what is taken is a piece of the body, byte for byte. Some go
 * through the whole door, into a store and out again.
 *
 * LOGBOOM_FUZZ=1000000 sets how many inputs each target gets; LOGBOOM_SEED replays a run.
 */
import { encode } from "cbor-x";
import { describe, expect, it } from "vitest";
import { concat, utf8 } from "../../src/base/bytes.ts";
import { isOperatingError } from "../../src/base/errors.ts";
import { PRODUCE_RECORDS_MAX } from "../../src/base/limits.ts";
import { deflate, inflate } from "../../src/host/inflate.ts";
import { type ProduceType, readProduceBody } from "../../src/ingress/http/produce_request.ts";
import { MediaType } from "../../src/protocol/http/media_type.ts";
import { testCore } from "../support/core.ts";
import { type HttpWorld, openHttpWorld } from "../support/http_world.ts";
import { KAFKA_BATCHES } from "../support/kafka_batches.ts";
import { mutate, type SeededRandom, seededRandom } from "../support/mutations.ts";
import { FUZZ_TIMEOUT_MS, inputsCount } from "./core_arena.ts";

const JSON_BODIES = [
  `[1, "x", {"a": [true, null, -1.5e-3]}, "\\u00e9\\ud83d\\ude00", []]`,
  `{"deep": ${"[".repeat(60)}${"]".repeat(60)}}`,
  `\ufeff[{"b":"\\"\\\\"}]`,
];

const RECORD_BODIES = [
  `[{"key":"k","value":"v","timestamp":5,"headers":[{"key":"h","value_base64":"/w=="}]}]`,
  `[{"value":{"n":1.0},"headers":{"a":"1","b":null}},{"key_base64":"AA==","value":null}]`,
];

const { plain, idempotent, lz4, lz4Stored, snappy, control, appendTime } = KAFKA_BATCHES;
const SEEDS: Readonly<Record<ProduceType, readonly Uint8Array[]>> = {
  [MediaType.json]: JSON_BODIES.map(utf8),
  [MediaType.ndjson]: [utf8(`{"a":1}\r\n\n"x"\n[2]`), utf8(`\ufeff1\n2\n`)],
  [MediaType.cbor]: [
    encode([1, "x", { a: [true, null, 1.5] }, new Uint8Array(3)]),
    Uint8Array.from([0x9f, 0x01, 0x5f, 0x41, 0x00, 0xff, 0xbf, 0x61, 0x61, 0x02, 0xff, 0xff]),
  ],
  [MediaType.text]: [utf8("one\ntwo\r\n\r\nthree")],
  [MediaType.octets]: [Uint8Array.of(0, 1, 2)],
  [MediaType.records]: RECORD_BODIES.map(utf8),
  [MediaType.batches]: [
    ...[plain, idempotent, lz4, lz4Stored, snappy, control, appendTime],
    concat([plain, lz4, snappy]),
  ],
};

const TYPES = Object.keys(SEEDS) as ProduceType[];
const options = { core: testCore(), inflate, bodyBytesMax: 1 << 20 };

function input(type: ProduceType, random: SeededRandom): Uint8Array {
  const seeds = SEEDS[type];
  const mutated = mutate(seeds[random.below(seeds.length)]!, random);
  if (type === MediaType.batches && random.below(2) === 0) repairChecksum(mutated);
  return mutated;
}

/** Half of the batches get a good checksum again, so that what lies behind it is tried too. */
function repairChecksum(batch: Uint8Array): void {
  if (batch.length < 61) return;
  const view = new DataView(batch.buffer);
  if (12 + view.getInt32(8) === batch.length) {
    view.setUint32(17, options.core.crc32c(batch.subarray(21)));
  }
}

describe("mutated HTTP bodies", () => {
  it.each(TYPES)("of %s are taken or refused, and never grow", (type) => {
    const random = seededRandom();
    const key = utf8("k");
    for (let round = 0; round < inputsCount(); round++) {
      const body = input(type, random);
      const place = `LOGBOOM_SEED=${random.seed} round ${round}: ${body.toHex()}`;
      for (const producer of [null, { producerId: "p", sequence: 1 }]) {
        const head = {
          topic: "t",
          type,
          encoding: "identity",
          partition: 0,
          key,
          producer,
        } as const;
        try {
          const read = readProduceBody(head, body, options);
          if (read.kind === "lines") {
            if (read.bytes !== body || read.longestLine > body.length) throw new Error(place);
            continue;
          }
          const { records } = read;
          const bytes = records.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
          // Batches may be compressed, and the three that are hold little.
          const bytesMax = type === MediaType.batches ? 1 << 16 : body.length;
          const bounded = records.length > 0 && records.length <= PRODUCE_RECORDS_MAX;
          if (!bounded || bytes > bytesMax) throw new Error(`unbounded, ${place}`);
        } catch (error) {
          if (!isOperatingError(error)) throw new Error(place, { cause: error });
          if (error.code !== "malformed_body" && error.code !== "body_too_large") throw error;
        }
      }
    }
  }, FUZZ_TIMEOUT_MS);

  it("never inflate beyond the limit of a body", () => {
    const random = seededRandom();
    const seeds = (["gzip", "zstd"] as const).map((codec) =>
      [codec, deflate(codec, new Uint8Array(1 << 21))] as const
    );
    for (let round = 0; round < inputsCount() / 20; round++) {
      const [encoding, seed] = seeds[random.below(2)]!;
      const head = {
        topic: "t",
        type: MediaType.octets,
        encoding,
        partition: 0,
        key: null,
      } as const;
      try {
        const body = readProduceBody({ ...head, producer: null }, mutate(seed, random), options);
        const [record] = body.kind === "records" ? body.records : [];
        expect(record!.value!.length).toBeLessThanOrEqual(options.bodyBytesMax);
      } catch (error) {
        if (!isOperatingError(error)) throw error;
        if (error.code !== "malformed_body" && error.code !== "body_too_large") throw error;
      }
    }
  }, FUZZ_TIMEOUT_MS);
});

describe("mutated HTTP requests", () => {
  it(
    "through the whole door are answered, taken whole or not at all, and can be read",
    async () => {
      const random = seededRandom();
      const world = await openHttpWorld({ store: { settings: { defaultPartitions: 3 } } });
      for (let round = 0; round < Math.max(500, inputsCount() / 100); round++) {
        const place = `LOGBOOM_SEED=${random.seed} round ${round}`;
        const type = TYPES[random.below(TYPES.length)]!;
        const before = endOf(world);
        const response = await world.post(
          "/v1/topics/t/records",
          type,
          input(type, random).slice(),
          {
            headers: random.below(3) > 0 ? {} : {
              "logboom-producer-id": `p${random.below(3)}`,
              "logboom-sequence": String(round),
            },
          },
        );
        const answer = await response.json();
        const records = [answer].flat().reduce((sum, { records = 0 }) => sum + records, 0);
        expect(response.status < 300 || response.status === 400 || response.status === 413, place)
          .toBe(true);
        expect(endOf(world) - before, place).toBe(records);
        expect(world.bugs, place).toEqual([]);
      }
      let seen = 0;
      for (let cursor = "";;) {
        const page = await (await world.get(`/v1/topics/t/records${cursor}`)).json();
        seen += page.records.length;
        expect(page.gaps).toEqual([]);
        if (page.records.length === 0) break;
        cursor = `?cursor=${page.cursor}`;
      }
      expect(seen).toBe(endOf(world));
    },
    FUZZ_TIMEOUT_MS,
  );
});

function endOf({ store }: HttpWorld): number {
  const partitions = store.topic("t")?.partitions ?? [];
  return partitions.reduce((sum, { highWatermark }) => sum + highWatermark, 0);
}
