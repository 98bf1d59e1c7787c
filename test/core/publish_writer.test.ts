/** Examples; test/fuzz/core_packets.test.ts holds it against the way by objects. */
import { beforeEach, describe, expect, it } from "vitest";
import { BufferPool } from "../../src/base/buffer_pool.ts";
import { concat, toHex, utf8 } from "../../src/base/bytes.ts";
import type { PublishForm } from "../../src/core/publish_writer.ts";
import type { RecordHeader } from "../../src/core/record.ts";
import { testCore } from "../support/core.ts";

const core = testCore();
const HANDLE = 3;
const buffers = new BufferPool({ keptMax: 4, bytesMin: 0 });

const filtersOf = (...filters: string[]) =>
  concat(filters.map((filter) => concat([Uint8Array.of(filter.length, 0), utf8(filter)])));
const FORM: PublishForm = {
  ...{ version: 4, qos: 1, keyIsTopic: false, withoutQos0: false },
  properties: new Uint8Array(0),
  filters: filtersOf("#"),
};

function add(topic: string, value: string | null, headers: RecordHeader[] = []): void {
  const status = core.append(HANDLE, {
    ...{ timestamp: 5, key: utf8(topic), value: value === null ? null : utf8(value) },
    headers: [["mqtt.client_id", utf8("c")], ...headers],
  });
  expect(status).toBe("ok");
}

const seal = (baseOffset = 0, compression: "none" | "lz4" = "none") =>
  core.seal(HANDLE, { baseOffset, leaderEpoch: 1, logId: "0000000000000abc", compression });

function write(batches: Uint8Array[], form: Partial<PublishForm> = {}, from = 0) {
  const packed = batches.map((bytes) => ({ bytes, inflated: undefined }));
  const written = core.publishes.write(packed, from, { form: { ...FORM, ...form }, buffers });
  const packets = written.runs.flatMap((run) =>
    Array.from({ length: run.count }, (_, nth) => {
      const packet = run.copy(nth, nth + 1, new Uint8Array(2_000_000));
      return `${run.offset(nth)} ${toHex(packet)}`;
    })
  );
  return { ...written, packets };
}

beforeEach(() => core.reset());

describe("PublishWriter.write()", () => {
  it("writes a packet for each record that a filter matches", () => {
    for (const topic of ["a/b", "a/c", "b", "$SYS/x"]) add(topic, "v");
    const one = seal(10);
    add("a/b", null, [["mqtt.qos", utf8("0")]]);
    const two = seal(14);
    expect(write([one, two], { filters: filtersOf("+/b", "b") }, 10)).toMatchObject({
      packets: ["10 320800" + "03612f62000076", "12 3206000162000076", "14 30050003612f62"],
      ...{ nextOffset: 15, isAll: true },
    });
  });

  it("writes for MQTT 5 what its subscription has all packets say", () => {
    add("a", "v");
    const properties = Uint8Array.of(2, 0x0b, 7);
    expect(write([seal()], { version: 5, properties }).packets).toEqual([
      "0 3209000161000002" + "0b0776",
    ]);
    add("a", "v");
    expect(write([seal()], { version: 5, qos: 0, properties: Uint8Array.of(0) }).packets)
      .toEqual(["0 300500016100" + "76"]);
  });

  it("begins where it shall, also in the middle of a batch", () => {
    for (let nth = 0; nth < 5; nth++) add("a", `${nth}`, nth < 3 ? [["x", null]] : []);
    const { packets } = write([seal(20, "lz4")], {}, 23);
    expect(packets).toEqual(["23 3206000161000033", "24 3206000161000034"]);
  });

  it("ends in front of the first that has to be looked at", () => {
    const others: [string, Partial<PublishForm>, RecordHeader[]][] = [
      ["a", {}, [["mqtt.expiry_s", utf8("5")]]],
      ["ä", {}, []],
      ["a+", {}, []],
      ["a", { qos: 2 }, [["mqtt.qos", utf8("2")]]],
      ["a", { version: 5 }, [["mqtt.user.a", utf8("b")]]],
      ["a", { version: 5 }, [["content-type", utf8("b")]]],
    ];
    for (const [topic, form, headers] of others) {
      add("a", "1");
      add(topic, "2", headers);
      add("a", "3");
      const batch = seal();
      const { packets, nextOffset, isAll } = write([batch, batch], form);
      expect([packets.length, nextOffset, isAll], topic).toEqual([1, 1, false]);
    }
  });

  it("leaves out what nobody waits for, and what never was a message", () => {
    add("a", "1", [["mqtt.qos", utf8("0")]]);
    core.append(HANDLE, { timestamp: 5, key: utf8("k"), value: utf8("2") });
    add("", "3");
    const batch = seal();
    expect(write([batch], { withoutQos0: true })).toMatchObject({ packets: [], nextOffset: 3 });
    expect(write([batch], { keyIsTopic: true }).packets.map((one) => one[0])).toEqual(["0", "1"]);
  });

  it("takes several runs for what one does not hold", () => {
    const value = "x".repeat(400_000);
    const batches = [];
    for (let nth = 0; nth < 5; nth++) {
      add("a", value);
      batches.push(seal(nth));
    }
    const { runs, packets, nextOffset } = write(batches);
    expect(runs.length).toBe(2);
    expect(packets.map((one) => one.length)).toEqual(packets.map(() => 2 + 2 * 400_009));
    expect(nextOffset).toBe(5);
  });

  it("leaves a batch that cannot be decoded to others", () => {
    add("a", "1");
    const sound = seal(0);
    add("a", "2");
    const broken = seal(1);
    broken[61] = 0xff;
    expect(write([sound, broken])).toMatchObject({ nextOffset: 1, isAll: false });
    const unknown = sound.slice();
    unknown[22] = 7;
    expect(write([unknown])).toMatchObject({ packets: [], nextOffset: 0, isAll: false });
  });
});
