import { describe, expect, it } from "vitest";
import { SETTINGS } from "../../src/config/settings.ts";

describe("SETTINGS", () => {
  it("have defaults that they themselves accept", () => {
    for (const [key, { read, default: value }] of Object.entries(SETTINGS)) {
      if (value !== undefined) expect(read(value), key).toEqual(value);
    }
  });

  it("are snake_case, so that flags and variables can be derived", () => {
    for (const key of Object.keys(SETTINGS)) expect(key).toMatch(/^[a-z]+(_[a-z]+)*$/);
  });
});
