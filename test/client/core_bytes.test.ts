import { describe, expect, it } from "vitest";
import { coreBytes } from "../../src/client/core_bytes.ts";

describe("coreBytes()", () => {
  it("is a module that this engine takes", async () => {
    expect(WebAssembly.validate(new Uint8Array(await coreBytes()))).toBe(true);
  });
});
