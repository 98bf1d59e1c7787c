/**
 * The command line: `serve` runs a node until a signal; everything else asks one or looks into a
 * data directory. Trouble is one sentence on stderr: exit 2 for what the operator wrote, 1 for the
 * rest. A bug is logged and ends the process; it never limps on.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- the command line prints
import { HOST_CLOCK } from "./host/clock.ts";
import { openLogLines, writeStderr } from "./host/log_lines.ts";
import { onStopSignal } from "./host/signals.ts";
import { HOST_TIMERS } from "./host/timers.ts";
import { isOperatingError, messageOf } from "./base/errors.ts";
import type { Logger } from "./base/log.ts";
import { type Config, loadConfig } from "./config.ts";
import { type Address, startNode } from "./node.ts";

/** A stop that takes longer is a hang; what was acknowledged is safe either way. */
const STOP_TIMEOUT_MS = 8_000;

async function serve(args: readonly string[]): Promise<never> {
  const config = configFrom(args);
  const logger = openLogLines({ level: config.log_level, clock: HOST_CLOCK, write: writeStderr });
  const onBug = exitOnBug(logger);
  globalThis.addEventListener("unhandledrejection", (event) => onBug(event.reason));
  globalThis.addEventListener("error", (event) => onBug(event.error));

  const stopAsked = Promise.withResolvers<string>();
  onStopSignal(stopAsked.resolve);
  const node = await startNode({ config, logger, onBug });
  console.log(readyLine(config, node.mqtt, node.http));

  const signal = await stopAsked.promise;
  logger.info("stopping", { signal });
  HOST_TIMERS.after(STOP_TIMEOUT_MS, () => {
    logger.error("stop_timed_out", { after_ms: STOP_TIMEOUT_MS });
    Deno.exit(1);
  });
  await node.stop();
  logger.info("stopped");
  Deno.exit(0);
}

function configFrom(args: readonly string[]): Config {
  return loadConfig({
    args,
    env: Deno.env.toObject(),
    readFile: Deno.readTextFileSync,
    hostName: Deno.hostname,
  });
}

function exitOnBug(logger: Logger): (error: unknown) => void {
  return (error) => {
    logger.error("bug", { error });
    Deno.exit(70);
  };
}

function readyLine(config: Config, mqtt: Address | null, http: Address | null): string {
  const parts = [
    mqtt === null ? "mqtt off" : `mqtt ${hostAndPort(mqtt)}`,
    http === null ? "http off" : `http http://${hostAndPort(http)}`,
    `data ${config.data_dir}`,
    `node ${config.node_name}`,
  ];
  if (config.upstream !== null) parts.push(`upstream ${config.upstream}`);
  return `logboom ready: ${parts.join(", ")}`;
}

function hostAndPort({ hostname, port }: Address): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

async function main(): Promise<void> {
  const [command, ...args] = Deno.args;
  try {
    if (command === "serve") await serve(args);
    console.error(`logboom: unknown command "${command ?? ""}"`);
    Deno.exit(2);
  } catch (error) {
    console.error(`logboom: ${isOperatingError(error) ? error.message : messageOf(error)}`);
    if (!isOperatingError(error)) console.error(error);
    Deno.exit(isOperatingError(error, "invalid_config") ? 2 : 1);
  }
}

await main();
