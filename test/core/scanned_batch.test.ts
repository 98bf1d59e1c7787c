import { expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { testCore } from "../support/core.ts";

const core = testCore();
core.reset();
core.append(0, {
  timestamp: 5,
  key: utf8("a/b"),
  value: utf8("one"),
  headers: [["mqtt.topix", utf8("no")], ["mqtt.topic", utf8("yes")], ["mqtt.topic", utf8("2nd")]],
});
core.append(0, { timestamp: 6, key: null, value: null, headers: [["mqtt.topic", null]] });
const scanned = core.scan(
  core.seal(0, { baseOffset: 3, leaderEpoch: 1, logId: "0000000000000abc", compression: "none" }),
);

it("key() and header() find bytes without making the record", () => {
  expect(scanned.key(0)).toEqual(utf8("a/b"));
  expect(scanned.key(1)).toBeNull();
  expect(scanned.header(0, utf8("mqtt.topic")), "the first of that name").toEqual(utf8("yes"));
  expect(scanned.header(1, utf8("mqtt.topic"))).toBeNull();
  expect(scanned.header(0, utf8("mqtt.qos"))).toBeUndefined();
});

it("record() makes one whole", () => {
  expect(scanned.record(1)).toEqual({
    ...{ offset: 4, timestamp: 6, key: null, value: null },
    headers: [["mqtt.topic", null]],
  });
  expect(() => scanned.record(2)).toThrow();
});

it("bytes counts what is held", () => {
  expect(scanned.bytes).toBeGreaterThan(scanned.records.length);
});
