import { describe, expect, it } from "vitest";
import { didYouMean, editDistance, nearestOf } from "../../src/config/nearest.ts";

describe("editDistance()", () => {
  it.each([
    ["", "", 0],
    ["", "abc", 3],
    ["kitten", "sitting", 3],
    ["mqtt_port", "mqtt_prot", 2],
  ])("from %j to %j is %i", (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
    expect(editDistance(b, a)).toBe(distance);
  });
});

describe("nearestOf()", () => {
  it("names the known word a typing mistake meant", () => {
    expect(nearestOf("retention_sm", ["retention_ms", "retention_bytes"])).toBe("retention_ms");
  });

  it("names none when none is near", () => {
    expect(nearestOf("colour", ["mqtt_port", "host"])).toBeNull();
    expect(didYouMean("colour", ["mqtt_port", "host"])).toBe("");
  });
});
