import { expect, it } from "vitest";
import { utf8 } from "../../../../src/base/bytes.ts";
import type { RecordHeader } from "../../../../src/core/record.ts";
import { topicOfRecord } from "../../../../src/ingress/mqtt/delivery/topic_of_record.ts";
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
