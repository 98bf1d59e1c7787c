/**
 * A plain HTTP server of the files of one directory, on a free port: what fetching and replicating
 * are compared with. Prints its port. Small files are answered from memory in one piece, which is the
 * fastest this runtime can do; large ones are streamed.
 *
 *   deno run -A test/bench/file_server.ts DIRECTORY
 *
 * @module
 */
import { say } from "./say.ts";

const WHOLE_BYTES_MAX = 4 * 1024 * 1024;

const directory = Deno.args[0] ?? ".";

Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => say(`serving on port ${port}`),
}, async (request) => {
  const path = directory + new URL(request.url).pathname;
  const { size } = await Deno.stat(path);
  if (size <= WHOLE_BYTES_MAX) return new Response(await Deno.readFile(path));
  const file = await Deno.open(path);
  return new Response(file.readable, { headers: { "content-length": String(size) } });
});
