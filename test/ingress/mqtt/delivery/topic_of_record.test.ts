import { expect, it } from "vitest";
import { utf8 } from "../../../../src/base/bytes.ts";
import type { RecordHeader } from "../../../../src/core/record.ts";
import { maySay, topicOfRecord } from "../../../../src/ingress/mqtt/delivery/topic_of_record.ts";
import { testCore } from "../../../support/core.ts";

const core = testCore();
const STAMP = { baseOffset: 0, leaderEpoch: 1, logId: "0000000000000abc" } as const;

function topicOf(key: string | null, headers: RecordHeader[], keyIsTopic: boolean): string | null {
  core.reset();
  core.append(0, { timestamp: 0, key: key === null ? null : utf8(key), value: null, headers });
  const batch = core.scan(core.seal(0, { ...STAMP, compression: "none" }));
  const name = topicOfRecord(batch, 0, keyIsTopic);
  return name === null ? null : new TextDecoder().decode(name);
}

it("topicOfRecord() is what the publish said, whatever the routes are now", () => {
  const client: RecordHeader = ["mqtt.client_id", utf8("c")];
  for (const keyIsTopic of [true, false]) {
    expect(topicOf("a/b", [client], keyIsTopic)).toBe("a/b");
    expect(topicOf("b", [["mqtt.topic", utf8("a/b")], client], keyIsTopic)).toBe("a/b");
    expect(topicOf(null, [client], keyIsTopic)).toBeNull();
  }
});

it("topicOfRecord() is the key of another door's record, where a route makes it one", () => {
  expect(topicOf("a/b", [], true)).toBe("a/b");
  expect(topicOf("a/b", [], false)).toBeNull();
  for (const key of ["a/+", "#", "$SYS/x", "", null]) expect(topicOf(key, [], true)).toBeNull();
});

it("topicOfRecord() is nothing that the server says of itself, whoever forged it", () => {
  expect(topicOf("k", [["mqtt.topic", utf8("$SYS/broker/version")]], true)).toBeNull();
  expect(topicOf("$SYS/broker/version", [["mqtt.client_id", utf8("c")]], true)).toBeNull();
});

it("maySay() is false of what a client would take for a malformed packet", () => {
  for (const name of ["a", "/", "ä b", "$SYS/x"]) expect(maySay(utf8(name)), name).toBe(true);
  for (const name of ["", "a/#", "+", "a\u0000"]) expect(maySay(utf8(name)), name).toBe(false);
  expect(maySay(Uint8Array.of(0xff))).toBe(false);
  expect(maySay(new Uint8Array(65_536).fill(97))).toBe(false);
});
