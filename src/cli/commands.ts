/** The commands by name, and the help made from them. @module */
import manifest from "../../package.json" with { type: "json" };
import { OperatingError } from "../base/errors.ts";
import { NODE_SETTINGS, type Setting, TOPIC_SETTINGS } from "../config/settings.ts";
import { flagName } from "../config/sources.ts";
import { didYouMean } from "../config/nearest.ts";
import { BUDGET } from "./budget.ts";
import type { Command } from "./command.ts";
import { DUMP } from "./dump.ts";
import { EXPORT } from "./export.ts";
import { FSCK } from "./fsck.ts";
import { FORECAST } from "./forecast.ts";
import { GATEWAYS } from "./gateways.ts";
import { GROUPS } from "./groups.ts";
import { IMPORT } from "./import.ts";
import { LINK } from "./link.ts";
import { LOSSES } from "./losses.ts";
import { MQTT } from "./mqtt.ts";
import { PRIORITY } from "./priority.ts";
import { PRODUCE } from "./produce.ts";
import { TAIL } from "./tail.ts";
import { TOPICS } from "./topics.ts";
import { WIPE } from "./wipe.ts";
import { VERIFY } from "./verify.ts";

export const COMMANDS: Readonly<Record<string, Command>> = {
  tail: TAIL,
  produce: PRODUCE,
  topics: TOPICS,
  groups: GROUPS,
  gateways: GATEWAYS,
  losses: LOSSES,
  forecast: FORECAST,
  wipe: WIPE,
  link: LINK,
  mqtt: MQTT,
  budget: BUDGET,
  priority: PRIORITY,
  dump: DUMP,
  fsck: FSCK,
  verify: VERIFY,
  export: EXPORT,
  import: IMPORT,
};

/** @throws {OperatingError} `invalid_argument` when there is no such command. */
export function commandOf(name: string): Command {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command !== undefined) return command;
  const hint = didYouMean(name, ["serve", ...Object.keys(COMMANDS)]);
  throw new OperatingError("invalid_argument", `Cannot run ${name}: no such command${hint}`);
}

export function commandHelpText(name: string): string {
  const { usage, summary } = commandOf(name);
  return `logboom ${name} ${usage}\n\n${summary}`;
}

export function versionText(): string {
  return `logboom ${manifest.version}`;
}

export function helpText(): string {
  const commands = Object.entries(COMMANDS).map(([name, { usage, summary }]) =>
    `  ${`${name} ${usage}`.trimEnd()}\n      ${summary}\n`
  );
  return `logboom: a log aggregator for the edge

  serve [flags]
      start a node; see "serve --help"
${commands.join("")}
Commands that ask a node take --url (LOGBOOM_URL, default http://127.0.0.1:8080) and --token
(LOGBOOM_TOKEN). --version tells the version.
`;
}

export function serveHelpText(): string {
  return `logboom serve [flags]

Each flag is also an environment variable (--data-dir: LOGBOOM_DATA_DIR) and a key of the YAML file
named by --config (data_dir). Flag > environment > file > default. Routes, credentials and settings
of single topics stand in the file; see edge/gateway.yaml.

  --config  YAML file
${settingLines(NODE_SETTINGS)}
Of topics, under Kafka's names:

${settingLines(TOPIC_SETTINGS)}`;
}

function settingLines(settings: Readonly<Record<string, Setting>>): string {
  return Object.entries(settings).map(([key, { default: value, meaning }]) =>
    `  ${flagName(key)}  ${meaning}${value === undefined ? "" : ` (${value})`}\n`
  ).join("");
}
