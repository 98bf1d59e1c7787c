/**
 * `deno task bench NAME [options]`: one benchmark, its table, its JSON. README.md says more.
 *
 * @module
 */
import { Options } from "./options.ts";
import { say } from "./say.ts";

/** Loaded when asked for: one that does not compile must not stop the others. */
const BENCHES: Readonly<Record<string, (options: Options) => Promise<void>>> = {
  catchup: async (options) => await (await import("./catchup.ts")).run(options),
  core: async () => await (await import("./core.ts")).run(),
  fanout: async (options) => await (await import("./fanout.ts")).run(options),
  fetch: async (options) => await (await import("./fetch.ts")).run(options),
  flash: async (options) => await (await import("./flash.ts")).run(options),
  http: async (options) => await (await import("./http.ts")).run(options),
  idle: async (options) => await (await import("./idle.ts")).run(options),
  ingest: async (options) => await (await import("./ingest.ts")).run(options),
  link: async (options) => await (await import("./link.ts")).run(options),
  offline: async (options) => await (await import("./offline.ts")).run(options),
  others: async (options) => await (await import("./others.ts")).run(options),
  readers: async (options) => await (await import("./readers.ts")).run(options),
  soak: async (options) => await (await import("./soak.ts")).run(options),
  start: async (options) => await (await import("./start.ts")).run(options),
};

const [name = "", ...words] = Deno.args;
const bench = BENCHES[name];
if (bench === undefined) {
  say(`usage: deno task bench ${Object.keys(BENCHES).join("|")} [options]`);
  Deno.exit(2);
}
await bench(new Options(words));
