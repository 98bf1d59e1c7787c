/**
 * Finds the compiled core. Relaxed SIMD makes the checksum two thirds quicker, but not every
 * engine takes it, so the engine is asked.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { messageOf, OperatingError } from "../base/errors.ts";

const BUILD = new URL("../../wasm/build/", import.meta.url);

/** @throws {OperatingError} `invalid_config` when the core was not built. */
export function loadCoreFile(): Uint8Array<ArrayBuffer> {
  const relaxed = read("core.relaxed.wasm");
  if (relaxed instanceof Uint8Array && WebAssembly.validate(relaxed)) return relaxed;
  const plain = read("core.wasm");
  if (plain instanceof Uint8Array) return plain;
  throw new OperatingError(
    "invalid_config",
    `Cannot load the WASM core: ${messageOf(plain)}; run "deno task build:core" first`,
  );
}

function read(name: string): Uint8Array<ArrayBuffer> | Error {
  try {
    return Uint8Array.from(readFileSync(new URL(name, BUILD)));
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
