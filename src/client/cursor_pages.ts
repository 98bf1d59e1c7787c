/**
 * A whole topic, or one partition in the order of source, page by page, by opaque cursors.
 *
 * @module
 */
import { CLIENT_PAGE_RECORDS } from "../base/client_limits.ts";
import { fetchMerged } from "./fetch_page.ts";
import { type Gap, gapOf, type WireGap } from "./gap.ts";
import { LogboomError } from "./logboom_error.ts";
import { defined } from "./partition_pages.ts";
import type { Pages, ReadOptions, ReadPage } from "./read.ts";
import { tail } from "./tail.ts";
import type { Transport } from "./transport.ts";

export class CursorPages implements Pages {
  readonly #transport: Transport;
  readonly #topic: string;
  readonly #options: Omit<ReadOptions, "onGap">;
  #cursor: string | undefined;
  #atLatest = false;

  constructor(transport: Transport, topic: string, options: Omit<ReadOptions, "onGap">) {
    this.#transport = transport;
    this.#topic = topic;
    this.#options = options;
    const { from = "earliest", order, verify } = options;
    if (verify) throw invalid("verify is for one partition, in the order of arrival");
    if (typeof from === "object" && !("cursor" in from)) {
      throw invalid("an offset is of one partition: say which, or begin at a cursor");
    }
    if (from === "latest" && order === "source") {
      throw invalid('in the order of source one begins at "earliest", or at a cursor');
    }
    if (typeof from === "object") this.#cursor = from.cursor;
    this.#atLatest = from === "latest";
  }

  async next(waitMs: number): Promise<ReadPage> {
    if (this.#atLatest) {
      this.#cursor = await this.#latest();
      this.#atLatest = false;
    }
    const { partition, order, source, pageRecords, signal } = this.#options;
    const { key, headers, contains, since, until } = this.#options;
    const before = this.#cursor;
    try {
      const page = await fetchMerged(this.#transport, this.#topic, {
        maxWaitMs: waitMs,
        ...defined({
          partition,
          order,
          cursor: before,
          maxRecords: pageRecords ?? CLIENT_PAGE_RECORDS,
          source,
          signal,
        }),
        ...defined({ key, headers, contains, since, until }),
      });
      this.#cursor = page.cursor;
      // In the order of source something may be held back for as long as the link is down.
      const still = page.records.length + page.gaps.length === 0 && page.cursor === before;
      return {
        contents: page,
        ...this.#places(page.cursor, before),
        atEnd: page.lag === 0 || still,
      };
    } catch (error) {
      const missed = missedOf(error, this.#topic);
      if (missed === null) throw error;
      this.#cursor = missed.cursor;
      const contents = { records: [], gaps: missed.gaps };
      return { contents, ...this.#places(missed.cursor, before), atEnd: false };
    }
  }

  #places(
    cursor: string,
    before: string | undefined,
  ): Pick<ReadPage, "position" | "positionAfter"> {
    // A cursor stands between two pages: until a page is read through, it may come again.
    const begin = before === undefined ? null : { cursor: before };
    return { position: { cursor }, positionAfter: () => begin };
  }

  /** Where the topic ends now: what a tail that begins there is told first. */
  async #latest(): Promise<string> {
    const { signal } = this.#options;
    const steps = tail(this.#transport, this.#topic, {
      from: "latest",
      ...defined({ signal }),
    });
    for await (const { position } of steps) {
      if (position !== null && "cursor" in position) return position.cursor;
    }
    throw new LogboomError("invalid_answer", "Cannot find the latest records: no cursor was given");
  }
}

/** What a 416 says was missed, and where to go on; null where it does not. */
function missedOf(
  error: unknown,
  topic: string,
): { readonly gaps: readonly Gap[]; readonly cursor: string } | null {
  if (!(error instanceof LogboomError) || error.code !== "offset_out_of_range") return null;
  const { missed, cursor } = error.detail;
  if (!Array.isArray(missed) || typeof cursor !== "string") return null;
  const gaps = (missed as readonly Omit<WireGap, "reason">[])
    .map((gap) => gapOf({ ...gap, reason: "retention" }, { topic, partition: 0 }));
  return { gaps, cursor };
}

function invalid(state: string): LogboomError {
  return new LogboomError("invalid_argument", `Cannot read so: ${state}`);
}
