/**
 * Settings of topics as operators give them while the node runs: named, and read, as in the file.
 *
 * @module
 */
import { OperatingError } from "./base/errors.ts";
import { didYouMean } from "./config/nearest.ts";
import { Misfit } from "./config/reader.ts";
import { TOPIC_SETTINGS } from "./config/settings.ts";
import { TOPIC_SETTING_NAMES } from "./store/settings.ts";
import type { SettingChanges } from "./store/topic_changes.ts";

/**
 * Null gives a setting back to the configuration.
 *
 * @throws {OperatingError} invalid_argument that names the setting, and what it may be
 */
export function readTopicSettings(given: Readonly<Record<string, unknown>>): SettingChanges {
  const changes: [string, unknown][] = [];
  for (const [name, value] of Object.entries(given)) {
    const setting = Object.hasOwn(TOPIC_SETTINGS, name)
      ? TOPIC_SETTINGS[name as keyof typeof TOPIC_SETTINGS]
      : undefined;
    if (setting === undefined) throw unknownSetting(name);
    changes.push([KEYS.get(name)!, value === null ? null : read(name, value, setting.read)]);
  }
  return Object.fromEntries(changes) as SettingChanges;
}

/** By the names the API has for them. */
const KEYS = new Map(
  Object.entries(TOPIC_SETTING_NAMES).map(([key, name]) => [name as string, key]),
);

function read(name: string, value: unknown, reader: (given: unknown) => unknown): unknown {
  try {
    return reader(value);
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    const message = `Cannot use setting "${name}": ${error.message}`;
    throw new OperatingError("invalid_argument", message, { parameter: "settings", setting: name });
  }
}

function unknownSetting(given: string): OperatingError {
  const name = given.slice(0, 60);
  const hint = name === "partitions"
    ? "; it stands beside the settings"
    : didYouMean(name, Object.keys(TOPIC_SETTINGS));
  return new OperatingError(
    "invalid_argument",
    `Cannot use setting "${name}": topics have no such setting${hint}`,
    { parameter: "settings", setting: name },
  );
}
