/**
 * A logboom node under measurement: the program itself, started as an operator starts it, with the
 * environment and the flags of the task `serve`.
 *
 * @module
 */
import { REPOSITORY } from "./paths.ts";
import { ServerProcess } from "./processes.ts";

export interface NodeOptions {
  readonly dataDirectory: string;
  /** A free one by default. */
  readonly mqttPort?: number;
  readonly environment?: Readonly<Record<string, string>>;
  /** Further flags of `serve`. */
  readonly flags?: readonly string[];
}

export interface ProductNode {
  readonly process: ServerProcess;
  readonly mqttPort: number;
  readonly httpPort: number;
  readonly httpUrl: string;
  readonly dataDirectory: string;
}

/** Starts a node on free ports and waits for its ready line. */
export async function startNode(options: NodeOptions): Promise<ProductNode> {
  const task = await serveTask();
  const process = new ServerProcess({
    command: Deno.execPath(),
    args: [
      ...["run", "-A", ...task.flags, `${REPOSITORY}/src/main.ts`, "serve"],
      ...["--data-dir", options.dataDirectory, "--http-port", "0"],
      ...["--mqtt-port", String(options.mqttPort ?? 0)],
      ...(options.flags ?? []),
    ],
    directory: REPOSITORY,
    environment: { ...task.environment, ...options.environment },
  });
  try {
    const [line] = await process.line(/^.*\bready\b.*$/);
    const mqttPort = portIn(line, /\bmqtt \S+?:(\d+)/);
    const httpPort = portIn(line, /\bhttp http:\/\/\S+?:(\d+)/);
    const httpUrl = `http://127.0.0.1:${httpPort}`;
    return { process, mqttPort, httpPort, httpUrl, dataDirectory: options.dataDirectory };
  } catch (error) {
    await process.stop("SIGKILL");
    throw error;
  }
}

interface ServeTask {
  readonly environment: Readonly<Record<string, string>>;
  readonly flags: readonly string[];
}

/** What stands before and behind `deno run -A` in deno.json's task; BENCH_DENO_FLAGS replaces the flags. */
async function serveTask(): Promise<ServeTask> {
  const { tasks } = JSON.parse(await Deno.readTextFile(`${REPOSITORY}/deno.json`));
  const command = /([^&]*)deno run -A ([^&]*)src\/main\.ts serve$/.exec(tasks.serve);
  if (command === null) throw new Error(`Cannot read the task serve: ${tasks.serve}`);
  const [, before = "", behind = ""] = command;
  const words = (text: string) => text.split(" ").filter((word) => word !== "");
  const variables = words(before).map((word) => word.split("=", 2) as [string, string]);
  return {
    environment: Object.fromEntries(variables),
    flags: words(Deno.env.get("BENCH_DENO_FLAGS") ?? behind),
  };
}

function portIn(line: string, pattern: RegExp): number {
  const port = Number(line.match(pattern)?.[1]);
  if (!Number.isInteger(port)) throw new Error(`Cannot read the ready line: ${line}`);
  return port;
}
