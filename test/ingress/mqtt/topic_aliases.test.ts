import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { OperatingError } from "../../../src/base/errors.ts";
import { MQTT_TOPIC_ALIAS_MAXIMUM } from "../../../src/base/limits.ts";
import { TopicAliases } from "../../../src/ingress/mqtt/topic_aliases.ts";

const ROOM = { keep: () => true };
const EMPTY = new Uint8Array(0);

function reasonOf(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return (error as OperatingError).detail["reason_code"];
  }
  return null;
}

describe("TopicAliases.resolve()", () => {
  it("remembers a name, and replaces it", () => {
    const aliases = new TopicAliases();
    expect(aliases.resolve(utf8("a"), 1, ROOM)).toEqual(utf8("a"));
    expect(aliases.resolve(EMPTY, 1, ROOM)).toEqual(utf8("a"));
    aliases.resolve(utf8("b"), 1, ROOM);
    expect(aliases.resolve(EMPTY, 1, ROOM)).toEqual(utf8("b"));
  });

  it("refuses a name there is no room for", () => {
    const aliases = new TopicAliases();
    expect(reasonOf(() => aliases.resolve(utf8("a"), 1, { keep: () => false }))).toBe(0x97);
  });

  it("keeps a copy, since the packet's bytes are overwritten", () => {
    const aliases = new TopicAliases();
    const name = utf8("a");
    aliases.resolve(name, 1, ROOM);
    name[0] = 0;
    expect(aliases.resolve(EMPTY, 1, ROOM)).toEqual(utf8("a"));
  });

  it("refuses 0, what is over the maximum, and what was never said", () => {
    const aliases = new TopicAliases();
    expect(reasonOf(() => aliases.resolve(utf8("a"), 0, ROOM))).toBe(0x94);
    expect(reasonOf(() => aliases.resolve(utf8("a"), MQTT_TOPIC_ALIAS_MAXIMUM + 1, ROOM))).toBe(
      0x94,
    );
    expect(reasonOf(() => aliases.resolve(EMPTY, 2, ROOM))).toBe(0x94);
    expect(reasonOf(() => aliases.resolve(EMPTY, undefined, ROOM))).toBe(0x82);
  });
});
