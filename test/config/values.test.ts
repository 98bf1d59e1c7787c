import { describe, expect, it } from "vitest";
import type { Reader } from "../../src/config/reader.ts";
import * as values from "../../src/config/values.ts";

function read(reader: Reader<unknown>, given: unknown): unknown {
  try {
    return reader(given);
  } catch {
    return undefined;
  }
}

describe("values", () => {
  it("reads ports as text and as numbers, and off", () => {
    expect(read(values.port, "1883")).toBe(1883);
    expect(read(values.port, 0)).toBe(0);
    expect(read(values.port, "off")).toBeNull();
    // YAML 1.1 habits: some editors turn off into false.
    expect(read(values.port, false)).toBeNull();
    for (const bad of ["65536", -1, "", "http", 1.5, null]) {
      expect(read(values.port, bad)).toBeUndefined();
    }
  });

  it("reads time zones by name, and times of day", () => {
    expect(read(values.timeZone, "Europe/Berlin")).toBe("Europe/Berlin");
    expect(read(values.clock, "06:30")).toBe("06:30");
    for (const bad of ["+02:00", "", 7, null]) expect(read(values.timeZone, bad)).toBeUndefined();
    for (const bad of ["6:30", "24:30", "noon", 630]) {
      expect(read(values.clock, bad)).toBeUndefined();
    }
  });

  it("reads origins as a list, and as text with commas", () => {
    const two = ["https://logs.example", "http://localhost:3000"];
    expect(read(values.origins, two)).toEqual(two);
    expect(read(values.origins, "https://logs.example, http://localhost:3000")).toEqual(two);
    expect(read(values.origins, "*")).toEqual(["*"]);
    for (const bad of ["", "logs.example", "https://logs.example/", "null", [], [7], null]) {
      expect(read(values.origins, bad)).toBeUndefined();
    }
  });

  it("reads bytes with a unit", () => {
    const bytes = values.bytes(1);
    expect(read(bytes, "64MiB")).toBe(64 * 2 ** 20);
    expect(read(bytes, "2 GiB")).toBe(2 ** 31);
    expect(read(bytes, 1024)).toBe(1024);
    for (const bad of ["64MB", "MiB", "0", "1.5GiB", "9999999999TiB"]) {
      expect(read(bytes, bad)).toBeUndefined();
    }
  });

  it("takes -1 for no limit where there may be none, and never 0", () => {
    expect(read(values.age, "-1")).toBe(-1);
    expect(read(values.size, -1)).toBe(-1);
    expect(read(values.age, 0)).toBeUndefined();
    expect(read(values.size, "0")).toBeUndefined();
    expect(read(values.bytes(0), -1)).toBeUndefined();
  });

  it("takes a bare flag for true", () => {
    expect(read(values.flag, "")).toBe(true);
    expect(read(values.flag, "false")).toBe(false);
    expect(read(values.flag, "yes")).toBeUndefined();
  });

  it("drops the slash that would double in every URL built on it", () => {
    expect(read(values.url, "http://centre:8080/")).toBe("http://centre:8080");
    expect(read(values.url, "https://hub.example/logboom/")).toBe("https://hub.example/logboom");
    for (const bad of ["centre:8080", "ftp://x", "http://user:pass@x", "http://x?y=1", "http://"]) {
      expect(read(values.url, bad)).toBeUndefined();
    }
  });

  it("says in words what it expected", () => {
    expect(() => values.oneOf(["none", "lz4"])("zip")).toThrow("expected none or lz4");
  });
});
