import { describe, expect, it } from "vitest";
import { instantiate } from "../../src/core/exports.ts";
import { coreBytes, type Flavour } from "../support/core.ts";

describe("instantiate()", () => {
  it.each<Flavour>(["core", "core.relaxed"])("%s imports nothing and is small", (flavour) => {
    const bytes = coreBytes(flavour);
    const module = new WebAssembly.Module(Uint8Array.from(bytes));
    expect(WebAssembly.Module.imports(module)).toEqual([]);
    expect(bytes.length).toBeLessThanOrEqual(24 * 1024);
    expect(instantiate(bytes).exports.memory.buffer.byteLength).toBeLessThanOrEqual(64 * 2 ** 20);
  });

  it("has a memory that cannot grow", () => {
    const { exports } = instantiate(coreBytes());
    expect(() => exports.memory.grow(1)).toThrow(RangeError);
  });
});
