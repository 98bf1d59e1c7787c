/**
 * Fills one append request from the lanes that have something to send, in turn.
 *
 * @module
 */
import { isOperatingError, type OperatingError } from "../base/errors.ts";
import {
  REPLICATION_LANES_PER_REQUEST_MAX,
  REPLICATION_SKIPS_PER_REQUEST_MAX,
} from "../base/limits.ts";
import { AppendWriter } from "../protocol/replication/append_frames.ts";
import type { Checksum } from "../protocol/replication/checksum.ts";
import type { Lane } from "./lane.ts";
import { type Load, LOAD_SKIPS_MAX } from "./load.ts";
import type { StoreBooks } from "./store_books.ts";

export interface LanePart {
  readonly lane: Lane;
  readonly load: Load;
}

export interface LaneRequest {
  /** Emptied as its parts are answered or failed: each counts once. */
  readonly parts: LanePart[];
  /** Lanes that were asked, in order; they may have more. */
  readonly served: readonly Lane[];
  /** Bytes of batches. */
  readonly bytes: number;
  readonly body: Uint8Array<ArrayBuffer>;
}

export interface RequestOptions {
  readonly bytesMax: number;
  readonly crc32c: Checksum;
  readonly books: Pick<StoreBooks, "ledger">;
  /** A lane could not be read; the request goes without it. */
  readonly failed: (lane: Lane, error: OperatingError) => void;
}

/** Takes lanes off `ready` until the request is full or none is left. */
export async function buildRequest(
  ready: Set<Lane>,
  { bytesMax, crc32c, books, failed }: RequestOptions,
): Promise<LaneRequest> {
  const writer = new AppendWriter(crc32c);
  const parts: LanePart[] = [];
  const served: Lane[] = [];
  let [bytes, skips] = [0, 0];
  const hasRoom = () =>
    bytes < bytesMax && parts.length < REPLICATION_LANES_PER_REQUEST_MAX &&
    skips <= REPLICATION_SKIPS_PER_REQUEST_MAX - LOAD_SKIPS_MAX;
  for (const lane of ready) {
    if (!hasRoom()) break;
    ready.delete(lane);
    served.push(lane);
    // A lane that is alone fills the request by itself: a read ends at a batch, and at a segment.
    for (
      let first = true;
      lane.ready && (first || (ready.size === 0 && hasRoom()));
      first = false
    ) {
      const load = await loadOf(lane, { bytesMax: bytesMax - bytes, books, failed });
      if (load === null) break;
      if (first) writer.lane(lane.name, "strict", lane.pending);
      load.write(writer);
      parts.push({ lane, load });
      bytes += load.bytes;
      skips += load.skips;
    }
  }
  return { parts, served, bytes, body: writer.finish() };
}

async function loadOf(
  lane: Lane,
  { bytesMax, books, failed }: Omit<RequestOptions, "crc32c">,
): Promise<Load | null> {
  let load: Load | null = null;
  try {
    load = await lane.load(bytesMax);
    // The ledger goes ahead of the data: what is given up is on record before anyone is told.
    if (load !== null && load.unledgered.length > 0) {
      await books.ledger(lane.log, load.unledgered);
    }
    return load;
  } catch (error) {
    if (!isOperatingError(error)) throw error;
    if (load !== null) lane.failed(load);
    failed(lane, error);
    return null;
  }
}
