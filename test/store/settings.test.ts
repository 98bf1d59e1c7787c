import { describe, expect, it } from "vitest";
import {
  checkTopicSettings,
  decodeTopicSettings,
  encodeTopicSettings,
  TOPIC_DEFAULTS,
} from "../../src/store/settings.ts";

describe("decodeTopicSettings()", () => {
  it("gives back what was encoded, and defaults for what an older version did not know", () => {
    const settings = { ...TOPIC_DEFAULTS, partitions: 9, diskPolicy: "reject" as const };
    expect(decodeTopicSettings(encodeTopicSettings(settings))).toEqual(settings);
    expect(decodeTopicSettings({ partitions: 3 })).toEqual({ ...TOPIC_DEFAULTS, partitions: 3 });
  });
});

describe("checkTopicSettings()", () => {
  it("names the setting that is out of its bounds", () => {
    checkTopicSettings("t", TOPIC_DEFAULTS);
    checkTopicSettings("t", { ...TOPIC_DEFAULTS, retentionMs: -1, retentionBytes: -1 });
    const bad = [{ partitions: 0 }, { partitions: 2_001 }, { partitions: 1.5 }, {
      retentionMs: -2,
    }];
    for (const each of [...bad, { segmentBytes: -1 }, { maxMessageBytes: 0 }]) {
      const name = Object.keys(each)[0]!.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      expect(() => checkTopicSettings("t", { ...TOPIC_DEFAULTS, ...each })).toThrow(
        expect.objectContaining({
          code: "invalid_argument",
          detail: { topic: "t", setting: name, value: Object.values(each)[0] },
        }),
      );
    }
  });
});
