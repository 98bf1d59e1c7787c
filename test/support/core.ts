/** The WASM core for tests. `deno task test` has built it. */
import { readFileSync } from "node:fs";
import { Core } from "../../src/core/core.ts";

export type Flavour = "core" | "core.relaxed";

export function coreBytes(flavour: Flavour = "core"): Uint8Array {
  return readFileSync(new URL(`../../wasm/build/${flavour}.wasm`, import.meta.url));
}

/** A core of its own, with nothing in it. */
export function testCore(): Core {
  return Core.create(coreBytes());
}
