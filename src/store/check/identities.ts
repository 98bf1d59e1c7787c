/**
 * Whose logs are known in a directory: this node's own, by partition, and those of others.
 *
 * @module
 */
import type { LogId } from "../../base/types.ts";
import { partitionDirectory } from "../../format/partition_directory.ts";
import type { Checkpoint } from "../../format/checkpoint.ts";
import type { IdentityHook } from "../books.ts";
import type { CatalogueState } from "../catalogue.ts";

export class Identities implements Pick<IdentityHook, "isOwn" | "isReceived"> {
  /** By log id: the partition it belongs to. */
  readonly #own = new Map<LogId, string>();
  readonly #received = new Set<LogId>();

  constructor(catalogue: CatalogueState | null, checkpoint: Checkpoint | null) {
    for (const { logId, topic, partition } of catalogue?.ownLogs ?? []) {
      this.#own.set(logId, partitionDirectory(topic, partition));
    }
    for (const [directory, logs] of checkpoint?.ownLogs ?? []) {
      for (const { logId } of logs) this.#own.set(logId, directory);
    }
    for (const { logId } of catalogue?.announcedLogs ?? []) this.#received.add(logId);
    for (const { logId } of checkpoint?.ranges ?? []) this.#received.add(logId);
  }

  isOwn({ topic, index }: { readonly topic: string; readonly index: number }, logId: LogId) {
    return this.#own.get(logId) === partitionDirectory(topic, index);
  }

  isReceived(_log: unknown, logId: LogId): boolean {
    return this.#received.has(logId);
  }

  /** Of either kind. */
  knows(logId: LogId): boolean {
    return this.#own.has(logId) || this.#received.has(logId);
  }

  /** Whether the catalogue or a checkpoint says anything at all. */
  get isEmpty(): boolean {
    return this.#own.size === 0 && this.#received.size === 0;
  }
}
