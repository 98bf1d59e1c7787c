import { describe, expect, it } from "vitest";
import { PROPERTIES, USER_PROPERTY } from "../../../src/protocol/mqtt/property.ts";

describe("PROPERTIES", () => {
  it("names each property once, with at least one packet that may carry it", () => {
    const names = [...PROPERTIES.values()].map((property) => property.name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, packets } of PROPERTIES.values()) expect(packets, name).not.toEqual([]);
  });

  it("knows the user property as a pair", () => {
    expect(PROPERTIES.get(USER_PROPERTY)?.type).toBe("pair");
  });
});
