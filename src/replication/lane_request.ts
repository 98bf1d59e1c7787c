/**
 * Fills one append request from the streams that have something to send, in turn: those of one
 * class, and of lesser ones where that makes nobody wait.
 *
 * @module
 */
import { isOperatingError, type OperatingError } from "../base/errors.ts";
import {
  REPLICATION_LANES_PER_REQUEST_MAX,
  REPLICATION_SKIPS_PER_REQUEST_MAX,
} from "../base/link_limits.ts";
import { AppendWriter } from "../protocol/replication/append_frames.ts";
import type { Checksum } from "../protocol/replication/checksum.ts";
import type { LinkClass } from "./budget/link_class.ts";
import type { Lane } from "./lane.ts";
import { type Load, LOAD_SKIPS_MAX } from "./load.ts";
import type { RequestBuffers } from "./request_buffers.ts";
import type { StoreBooks } from "./store_books.ts";
import type { Turn, Turns } from "./turns.ts";

export interface LanePart {
  readonly lane: Lane;
  readonly load: Load;
}

export interface LaneRequest {
  /** The best of what is in it. */
  readonly linkClass: LinkClass;
  /** Emptied as its parts are answered or failed: each counts once. */
  readonly parts: LanePart[];
  /** Lanes that were asked, in order; they may have more. */
  readonly served: readonly Lane[];
  /** Bytes of batches. */
  readonly bytes: number;
  readonly body: Uint8Array<ArrayBuffer>;
}

export interface RequestOptions {
  readonly linkClass: LinkClass;
  /** Bytes of batches, as far as one class fills it. */
  readonly bytesMax: number;
  /** Bytes up to which lesser classes may fill it up. */
  readonly sharedBytesMax: number;
  readonly crc32c: Checksum;
  readonly buffers: RequestBuffers;
  readonly books: Pick<StoreBooks, "ledger">;
  /** A lane could not be read; the request goes without it. */
  readonly failed: (lane: Lane, error: OperatingError) => void;
}

/** Takes streams off `turns` until the request is full or none is left. */
export async function buildRequest(turns: Turns, options: RequestOptions): Promise<LaneRequest> {
  const filling = new Filling(options);
  const { linkClass, bytesMax, sharedBytesMax } = options;
  await filling.take(turns, linkClass, bytesMax);
  for (const lesser of turns.classes()) {
    await filling.take(turns, lesser, Math.min(bytesMax, sharedBytesMax));
  }
  return filling.finish(linkClass);
}

class Filling {
  readonly #options: RequestOptions;
  readonly #writer: AppendWriter;
  readonly #window: Uint8Array<ArrayBuffer>;
  readonly #parts: LanePart[] = [];
  readonly #served: Lane[] = [];
  #bytes = 0;
  #skips = 0;

  constructor(options: RequestOptions) {
    this.#options = options;
    this.#writer = new AppendWriter(options.crc32c, options.buffers.take());
    this.#window = options.buffers.takeWindow();
  }

  async take(turns: Turns, linkClass: LinkClass, bytesMax: number): Promise<void> {
    // As many as there are: one that comes again meanwhile waits for the next request.
    for (let left = turns.sizeOf(linkClass); left > 0 && this.#hasRoom(bytesMax); left--) {
      const turn = turns.take(linkClass);
      if (turn === null) return;
      this.#served.push(turn.lane);
      // One that is alone fills the request by itself: a read ends at a batch, and at a segment.
      const alone = turns.sizeOf(linkClass) === 0;
      const skipsOnly = linkClass.kind === "control";
      await this.#serve(turn, skipsOnly ? 0 : bytesMax, alone && !skipsOnly);
    }
  }

  finish(linkClass: LinkClass): LaneRequest {
    this.#options.buffers.giveWindow(this.#window);
    return {
      linkClass,
      parts: this.#parts,
      served: this.#served,
      bytes: this.#bytes,
      body: this.#writer.finish(),
    };
  }

  async #serve(turn: Turn, bytesMax: number, alone: boolean): Promise<void> {
    const { lane, stream } = turn;
    let mode: string | null = null;
    while (lane.streams().includes(stream)) {
      const load = await this.#load(turn, Math.max(0, bytesMax - this.#bytes));
      if (load === null) return;
      if (load.mode !== mode) this.#writer.lane(lane.name, load.mode, lane.pending);
      mode = load.mode;
      load.write(this.#writer);
      this.#parts.push({ lane, load });
      this.#bytes += load.bytes;
      this.#skips += load.skips;
      if (!alone || !this.#hasRoom(bytesMax)) return;
    }
  }

  #hasRoom(bytesMax: number): boolean {
    return this.#bytes < bytesMax && this.#parts.length < REPLICATION_LANES_PER_REQUEST_MAX &&
      this.#skips <= REPLICATION_SKIPS_PER_REQUEST_MAX - LOAD_SKIPS_MAX;
  }

  async #load({ lane, stream }: Turn, bytesMax: number): Promise<Load | null> {
    const { books, failed } = this.#options;
    let load: Load | null = null;
    try {
      load = await lane.load(bytesMax, stream, this.#window);
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
}
