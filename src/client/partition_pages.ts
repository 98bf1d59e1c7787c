/**
 * One partition, page by page, by offsets. What retention took before it was read is a gap.
 *
 * @module
 */
import { CLIENT_PAGE_RECORDS } from "../base/client_limits.ts";
import { fetchPartition, type PartitionFetch } from "./fetch_page.ts";
import { Gap } from "./gap.ts";
import { LogboomError } from "./logboom_error.ts";
import type { Pages, ReadOptions, ReadPage } from "./read.ts";
import type { Transport } from "./transport.ts";

export type PartitionReadOptions = Omit<ReadOptions, "order" | "follow" | "onGap"> & {
  readonly partition: number;
};

export class PartitionPages implements Pages {
  readonly #transport: Transport;
  readonly #topic: string;
  readonly #options: PartitionReadOptions;
  #offset: number | "earliest" | "latest";
  #epoch: number | undefined;

  constructor(transport: Transport, topic: string, options: PartitionReadOptions) {
    this.#transport = transport;
    this.#topic = topic;
    this.#options = options;
    const { from = "earliest" } = options;
    if (typeof from === "string") this.#offset = from;
    else if ("offset" in from) {
      this.#offset = from.offset;
      this.#epoch = from.epoch;
    } else {
      const message = "Cannot read one partition from a cursor: give it an offset";
      throw new LogboomError("invalid_argument", message);
    }
  }

  async next(waitMs: number): Promise<ReadPage> {
    try {
      return await this.#page(waitMs);
    } catch (error) {
      const gap = gapOfRefusal(error, {
        topic: this.#topic,
        partition: this.#options.partition,
        offset: this.#offset,
      });
      if (gap === null) throw error;
      this.#offset = gap.to;
      this.#epoch = undefined;
      const position = { offset: gap.to };
      const contents = { records: [], gaps: [gap] };
      return { contents, position, positionAfter: () => position, atEnd: false };
    }
  }

  async #page(waitMs: number): Promise<ReadPage> {
    const { partition, source, verify, pageRecords, signal } = this.#options;
    const { key, headers, contains, since, until } = this.#options;
    // What comes at the end is waited for once the end is known by its number.
    const maxWaitMs = typeof this.#offset === "number" ? waitMs : 0;
    const wanted: PartitionFetch = {
      ...{ partition, offset: this.#offset, maxWaitMs },
      ...defined({
        epoch: this.#epoch,
        maxRecords: pageRecords ?? CLIENT_PAGE_RECORDS,
        source,
        verify,
        signal,
      }),
      ...defined({ key, headers, contains, since, until }),
    };
    const page = await fetchPartition(this.#transport, this.#topic, wanted);
    this.#offset = page.nextOffset;
    this.#epoch = page.leaderEpoch;
    const position = { offset: page.nextOffset, epoch: page.leaderEpoch };
    const positionAfter: ReadPage["positionAfter"] = (event) => {
      const offset = event.kind === "gap" ? event.to : event.offset + 1;
      return offset === page.nextOffset ? position : { offset };
    };
    const atEnd = page.nextOffset >= page.highWatermark;
    return { contents: page, position, positionAfter, atEnd };
  }
}

/** What a 416 says was missed, where one went on too late; null for every other error. */
export function gapOfRefusal(
  error: unknown,
  { offset, ...place }: {
    readonly topic: string;
    readonly partition: number;
    readonly offset: number | string;
  },
): Gap | null {
  if (!(error instanceof LogboomError) || error.code !== "offset_out_of_range") return null;
  const to = error.detail["log_start_offset"];
  if (typeof offset !== "number" || typeof to !== "number" || offset >= to) return null;
  return new Gap({ ...place, from: offset, to, reason: "retention" });
}

/** Without what is undefined: it was not asked for. */
export function defined<T extends object>(
  options: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
