/**
 * The command line: `serve` runs a node until a signal; everything else asks one or looks into a
 * data directory. Trouble is one sentence on stderr: exit 2 for what the operator wrote, 1 for the
 * rest. A bug is logged and ends the process; it never limps on.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- the command line prints
import { Api } from "./cli/api.ts";
import { parseArguments } from "./cli/arguments.ts";
import {
  commandHelpText,
  commandOf,
  helpText,
  serveHelpText,
  versionText,
} from "./cli/commands.ts";
import { HOST_CLOCK } from "./host/clock.ts";
import { openHttpClient } from "./host/http_client.ts";
import { openLogLines, writeStderr } from "./host/log_lines.ts";
import { onReloadSignal, onStopSignal } from "./host/signals.ts";
import { HOST_TIMERS } from "./host/timers.ts";
import { isOperatingError, messageOf } from "./base/errors.ts";
import type { Logger } from "./base/log.ts";
import { type Config, loadConfig } from "./config.ts";
import { type Address, type Node, startNode } from "./node.ts";

/** A stop that takes longer is a hang; what was acknowledged is safe either way. */
const STOP_TIMEOUT_MS = 10_000;

const BUG_EXIT_CODE = 70;

async function serve(args: readonly string[]): Promise<never> {
  const config = configFrom(args);
  const logger = openLogLines({ level: config.log_level, clock: HOST_CLOCK, write: writeStderr });
  const onBug = exitOnBug(logger);
  globalThis.addEventListener("unhandledrejection", (event) => onBug(event.reason));
  globalThis.addEventListener("error", (event) => onBug(event.error));

  const stopAsked = Promise.withResolvers<string>();
  onStopSignal(stopAsked.resolve);
  const node = await startNode({ config, logger, onBug });
  onReloadSignal(() => node.reloadCertificate());
  console.log(readyLine(config, node));

  const signal = await stopAsked.promise;
  logger.info("stopping", { signal });
  // Asked twice, it goes at once: what was acknowledged is on the disk already.
  onStopSignal(() => Deno.exit(1));
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
    Deno.exit(BUG_EXIT_CODE);
  };
}

function readyLine(config: Config, { mqtt, mqtts, http, https }: Node): string {
  const parts = [
    mqtt === null ? "mqtt off" : `mqtt ${hostAndPort(mqtt)}`,
    ...(mqtts === null ? [] : [`mqtts ${hostAndPort(mqtts)}`]),
    http === null ? "http off" : `http http://${hostAndPort(http)}`,
    ...(https === null ? [] : [`https https://${hostAndPort(https)}`]),
    `data ${config.data_dir}`,
    `node ${config.node_name}`,
  ];
  if (config.upstream !== null) parts.push(`upstream ${config.upstream}`);
  return `logboom ready: ${parts.join(", ")}`;
}

function hostAndPort({ hostname, port }: Address): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/** Runs a command against a node, or on a directory. */
async function command(name: string, args: readonly string[]): Promise<number> {
  const chosen = commandOf(name);
  const parsed = parseArguments(args, {
    ...chosen,
    valued: [...chosen.valued, "--url", "--token"],
  });
  const stopped = new AbortController();
  const forget = onStopSignal(() => stopped.abort());
  const client = openHttpClient();
  const apiAt = (url: string, given: string | null) => {
    const token = given ?? Deno.env.get("LOGBOOM_TOKEN") ?? null;
    return new Api({ url: url.replace(/\/+$/, ""), token, client: client.request });
  };
  const api = apiAt(
    parsed.text("--url") ?? Deno.env.get("LOGBOOM_URL") ?? "http://127.0.0.1:8080",
    parsed.text("--token"),
  );
  try {
    const code = await chosen.run({
      args: parsed,
      terminal: {
        out: writeOut,
        remark: (line) => console.error(line),
        input: Deno.stdin.readable,
      },
      timers: HOST_TIMERS,
      api: () => api,
      apiAt,
      signal: stopped.signal,
    });
    return code ?? 0;
  } finally {
    client.close();
    forget();
  }
}

async function writeOut(bytes: Uint8Array | string): Promise<void> {
  let rest = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
  while (rest.length > 0) rest = rest.subarray(await Deno.stdout.write(rest));
}

async function main(): Promise<void> {
  const [name, ...args] = Deno.args;
  const isHelp = (arg: string | undefined) => arg === "--help" || arg === "-h";
  const help = args.some(isHelp);
  try {
    if (name === undefined || name === "help" || isHelp(name)) console.log(helpText());
    else if (name === "--version") console.log(versionText());
    else if (help) console.log(name === "serve" ? serveHelpText() : commandHelpText(name));
    else if (name === "serve") await serve(args);
    else Deno.exit(await command(name, args));
  } catch (error) {
    // `logboom tail ... | head` ends when head does.
    if (error instanceof Deno.errors.BrokenPipe) Deno.exit(0);
    console.error(`logboom: ${messageOf(error)}`);
    if (!isOperatingError(error)) console.error(error);
    Deno.exit(exitCodeOf(error));
  }
}

/** 2 for what the operator wrote, 70 for a bug (EX_SOFTWARE), 1 for all other trouble. */
function exitCodeOf(error: unknown): number {
  if (!isOperatingError(error)) return BUG_EXIT_CODE;
  return error.code === "invalid_config" || error.code === "invalid_argument" ? 2 : 1;
}

await main();
