/**
 * Composition root: builds every room, starts up the stairs, stops down them.
 *
 * @module
 */
import type { Config } from "./config.ts";
import { lockDataDir } from "./host/data_dir_lock.ts";
import { serveHttp } from "./host/http_server.ts";
import type { Logger } from "./base/log.ts";

export interface Address {
  readonly hostname: string;
  readonly port: number;
}

export interface Node {
  readonly mqtt: Address | null;
  readonly http: Address | null;
  /** Stops accepting, commits, acknowledges, writes the last checkpoint. */
  stop(): Promise<void>;
}

export interface NodeOptions {
  readonly config: Config;
  readonly logger: Logger;
  /** A bug was caught: the process must end. */
  readonly onBug: (error: unknown) => void;
}

/** @throws {OperatingError} with a sentence that says what to do, when the node cannot start. */
export function startNode({ config, onBug }: NodeOptions): Promise<Node> {
  const lock = lockDataDir(config.data_dir);
  const http = config.http_port === null ? null : serveHttp({
    hostname: config.host,
    port: config.http_port,
    handle: () => new Response("ok\n"),
    onBug,
  });
  return Promise.resolve({
    mqtt: null,
    http: http?.address ?? null,
    async stop() {
      await http?.close();
      lock.release();
    },
  });
}
