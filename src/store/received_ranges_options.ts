/**
 * What the received ranges need of the rest of the store.
 *
 * @module
 */
import type { Logger } from "../base/log.ts";
import type { OffsetRange, TopicName } from "../base/types.ts";
import type { Catalogue } from "./catalogue.ts";
import type { PersistedSkip, RangeEntry, ReceivedLog } from "./received_log.ts";

export interface ReceivedRangesOptions {
  readonly catalogue: Pick<Catalogue, "putAnnouncedLogs">;
  readonly murmur2: (bytes: Uint8Array) => number;
  readonly logger: Logger;
  /** Partitions of a topic, which is created if need be. */
  readonly partitionsOf: (topic: TopicName) => Promise<number>;
  /** Makes durable what a sender skipped: all of it, or nothing. */
  readonly persistSkips: (log: ReceivedLog, skips: readonly PersistedSkip[]) => Promise<void>;
  /** A batch of another node is durable there, in the partition's own offsets. */
  readonly took?: (target: RangeEntry["target"], range: OffsetRange) => void;
  /**
   * Something a checkpoint holds has changed, without a batch having come; `late`: readers wait for
   * it to be written.
   */
  readonly changed?: (late: boolean) => void;
  /** Writes a checkpoint of now. */
  readonly checkpoint?: () => Promise<void>;
}
