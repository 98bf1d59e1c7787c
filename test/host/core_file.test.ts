import { expect, it } from "vitest";
import { loadCoreFile } from "../../src/host/core_file.ts";

it("loads a core that this engine takes", () => {
  expect(WebAssembly.validate(loadCoreFile())).toBe(true);
});
