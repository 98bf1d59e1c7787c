import { describe, expect, it } from "vitest";
import { checkTopicName } from "../../src/store/topic.ts";

describe("checkTopicName()", () => {
  it("keeps Kafka's rule", () => {
    for (const name of ["a", "A.b_c-9", "__internal", "...", "x".repeat(249)]) checkTopicName(name);
    for (const name of ["", ".", "..", "a b", "a/b", "a\n", "ö", "x".repeat(250)]) {
      expect(() => checkTopicName(name), name).toThrow(expect.objectContaining({
        code: "invalid_topic",
      }));
    }
  });
});
