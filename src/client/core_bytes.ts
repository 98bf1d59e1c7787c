/**
 * The compiled WASM core, beside the source. The package has this file replaced by one that holds
 * the bytes (tools/client_package.ts), since a package cannot rely on files beside its modules.
 *
 * @module
 */
import { LogboomError } from "./logboom_error.ts";

/** @throws {LogboomError} where the core was not built. */
export async function coreBytes(): Promise<Uint8Array> {
  const url = new URL("../../wasm/build/core.wasm", import.meta.url);
  try {
    return new Uint8Array(await (await fetch(url)).arrayBuffer());
  } catch (error) {
    const message = `Cannot load the WASM core from ${url}: run "deno task build:core" first`;
    throw new LogboomError("invalid_answer", message, { cause: error });
  }
}
