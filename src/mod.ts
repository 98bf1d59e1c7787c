/**
 * The public door for those who run a node inside their own program.
 *
 *     const node = await startNode({ config, logger: SILENT_LOGGER, onBug: console.error });
 *     // node.http, node.mqtt: where it listens
 *     await node.stop();
 *
 * @module
 */
export { isOperatingError, OperatingError } from "./base/errors.ts";
export { type Logger, SILENT_LOGGER } from "./base/log.ts";
export { type Config, type ConfigSources, loadConfig } from "./config.ts";
export { type Address, type Node, type NodeOptions, startNode } from "./node.ts";
