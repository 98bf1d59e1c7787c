/** From the configuration to what a source needs. @module */
import { messageOf, OperatingError } from "./base/errors.ts";
import { type Config, sourceNames } from "./config.ts";
import type { SourceSettings } from "./ingress/mqtt/sources/source_settings.ts";

/** @throws {OperatingError} `invalid_config` when a certificate cannot be read. */
export function sourceSettingsOf(
  { sources, node_name }: Pick<Config, "sources" | "node_name">,
  readFile: (path: string) => string = Deno.readTextFileSync,
): SourceSettings[] {
  return sources.map((source) => ({
    ...sourceNames(source, node_name),
    url: source.mqtt,
    topics: source.topics,
    qos: (source.qos ?? 1) as 0 | 1 | 2,
    username: source.username ?? null,
    password: source.password ?? null,
    version: source.version ?? 5,
    ca: source.ca === undefined ? null : read(source.ca, readFile),
  }));
}

function read(path: string, readFile: (path: string) => string): string {
  try {
    return readFile(path);
  } catch (error) {
    const state = messageOf(error);
    throw new OperatingError("invalid_config", `Cannot read ${path}, ca of a source: ${state}`);
  }
}
