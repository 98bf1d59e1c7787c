/**
 * What the MQTT fast path is told of a session, and what it answers.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import type { TimestampMs } from "../base/types.ts";
import type { EncodedHeaders } from "./record_headers.ts";
import { Status } from "./status.ts";

export interface IngestSession {
  readonly protocolVersion: 4 | 5;
  /** Record headers of what comes with QoS 0; keep the array, so that it is copied once. */
  readonly recordHeaders0: EncodedHeaders;
  readonly recordHeaders1: EncodedHeaders;
  readonly nowMs: TimestampMs;
  /** Bytes a packet may have, its fixed header included. */
  readonly packetBytesMax: number;
}

/**
 * Why the fast path stopped, at the packet that begins at `consumed`.
 *
 * - need_more: it is not whole
 * - other_packet: it is whole, and for the caller: anything but a plain PUBLISH
 * - route_miss: a whole PUBLISH whose topic name has no route: set one, or answer it yourself
 * - batch_full: seal the batch of `handle`; no_slot: seal any
 * - malformed, too_large: answer as the protocol has it and close
 */
export type IngestStatus =
  | "need_more"
  | "other_packet"
  | "route_miss"
  | "batch_full"
  | "no_slot"
  | "malformed"
  | "too_large";

/** One object, used again by the next call: read it at once. */
export interface IngestResult {
  status: IngestStatus;
  /** Bytes of the chunk that are done with. */
  consumed: number;
  /** Bytes of the packet it stopped at; 0 where not yet known. */
  packetBytes: number;
  /** PUBACKs for what was appended, to be sent once that is durable; a copy. */
  acks: Uint8Array<ArrayBuffer>;
  records: number;
  /** Bytes that the open batches grew by. */
  bytes: number;
  /** Handles of the partitions appended to, each once; a fresh array. */
  touched: number[];
  /** With batch_full, whose it is. */
  handle: number;
}

const STATUSES: ReadonlyMap<number, IngestStatus> = new Map<number, IngestStatus>([
  [Status.NEED_MORE, "need_more"],
  [Status.OTHER_PACKET, "other_packet"],
  [Status.ROUTE_MISS, "route_miss"],
  [Status.BATCH_FULL, "batch_full"],
  [Status.NO_SLOT, "no_slot"],
  [Status.MALFORMED, "malformed"],
  [Status.TOO_LARGE, "too_large"],
]);

export function ingestStatus(status: number): IngestStatus {
  const name = STATUSES.get(status);
  assert(name !== undefined, "the fast path stops for one of its reasons");
  return name;
}
