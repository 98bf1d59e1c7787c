/**
 * Starts `file_server.ts` as a process of its own.
 *
 * @module
 */
import { benchPath } from "./paths.ts";
import { ServerProcess } from "./processes.ts";

export async function startFileServer(
  directory: string,
): Promise<{ process: ServerProcess; port: number }> {
  const process = new ServerProcess({
    command: Deno.execPath(),
    args: ["run", "-A", benchPath("./file_server.ts"), directory],
  });
  const [, port] = await process.line(/serving on port (\d+)/);
  return { process, port: Number(port) };
}
