import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Status, statusName } from "../../src/core/status.ts";

describe("Status", () => {
  it("mirrors wasm/assembly/status.ts", () => {
    const source = readFileSync("wasm/assembly/status.ts", "utf8");
    const codes = [...source.matchAll(/export const (\w+): i32 = (-?\d+);/g)];
    expect(Object.fromEntries(codes.map(([, name, code]) => [name, Number(code)]))).toEqual(Status);
  });

  it("gives each code one name", () => {
    const codes = Object.values(Status);
    expect(new Set(codes).size).toBe(codes.length);
    expect(statusName(Status.BAD_CHECKSUM)).toBe("bad_checksum");
    expect(statusName(78)).toBe("ok");
    expect(statusName(-999)).toBe("unknown status -999");
  });
});
