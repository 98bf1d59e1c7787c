import { describe, expect, it } from "vitest";
import { TOPIC_SETTINGS } from "../src/config/settings.ts";
import { encodeTopicSettings, TOPIC_DEFAULTS } from "../src/store/settings.ts";
import { readTopicSettings } from "../src/topic_settings.ts";

describe("readTopicSettings()", () => {
  it("reads every setting as the file has it", () => {
    const { partitions: _, ...defaults } = TOPIC_DEFAULTS;
    const { partitions: __, ...named } = encodeTopicSettings(TOPIC_DEFAULTS);
    expect(readTopicSettings(named)).toEqual(defaults);
    expect(readTopicSettings({ retention_ms: "5000", segment_bytes: "8MiB", priority: "9" }))
      .toEqual({ retentionMs: 5_000, segmentBytes: 8 * 2 ** 20, priority: 9 });
  });

  it("takes null for each", () => {
    const nulls = Object.fromEntries(Object.keys(TOPIC_SETTINGS).map((name) => [name, null]));
    expect(Object.values(readTopicSettings(nulls)).every((value) => value === null)).toBe(true);
  });

  it.each([
    [{ retension_ms: 5 }, "no such setting; did you mean retention_ms?"],
    [{ partitions: 5 }, "it stands beside the settings"],
    [{ zzzzzzzzzzzzzzzzzz: 5 }, /no such setting$/],
    [{ constructor: 5 }, "no such setting"],
    [{ durability: "maybe" }, 'Cannot use setting "durability": expected'],
    [{ priority: 10 }, 'Cannot use setting "priority"'],
    [{ segment_bytes: 1 }, 'Cannot use setting "segment_bytes"'],
    [{ retain_undelivered: 7 }, "true or false"],
    [{ retention_ms: {} }, 'Cannot use setting "retention_ms"'],
  ])("refuses %j", (given, message) => {
    expect(() => readTopicSettings(given)).toThrow(message);
    expect(() => readTopicSettings(given))
      .toThrow(expect.objectContaining({ code: "invalid_argument" }));
  });
});
