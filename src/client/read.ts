/**
 * Reading page by page, from the past on: to the end, or on and on by long polls.
 *
 * @module
 */
import { CLIENT_WAIT_MS } from "../base/client_limits.ts";
import { type OnRetry, retrying } from "./backoff.ts";
import { CursorPages } from "./cursor_pages.ts";
import type { Gap } from "./gap.ts";
import type { LogRecord } from "./log_record.ts";
import type { Position, Step } from "./log_stream.ts";
import { inOrder, type PageContents } from "./page.ts";
import { PartitionPages } from "./partition_pages.ts";
import type { RecordFilter } from "./read_options.ts";
import type { Transport } from "./transport.ts";

/**
 * How a topic is read.
 *
 * @example From the past on, and on and on
 * ```ts
 * import { Client, type ReadOptions } from "@logboom/client";
 *
 * const options: ReadOptions = { from: "earliest", follow: true, order: "source", source: true };
 * const stream = new Client({ url: "http://localhost:8080" }).read("logs", options);
 * for await (const event of stream) console.log(event.kind);
 * ```
 */
export interface ReadOptions extends RecordFilter {
  /** Where to begin: `earliest` where left out; or the position of an earlier read. */
  readonly from?: "earliest" | "latest" | Position;
  /** Only this one; all merged by their timestamps where left out. */
  readonly partition?: number;
  /** `source`: each gateway's log in its own order, in one piece, every record once. */
  readonly order?: "arrival" | "source";
  /** At the end, wait for more, and never end; false where left out. */
  readonly follow?: boolean;
  /** Tell where each record first became durable. */
  readonly source?: boolean;
  /** Of one partition: check the CRC-32C of each batch here. No filters then. */
  readonly verify?: boolean;
  /** Records of a page at most; 5,000 where left out. */
  readonly pageRecords?: number;
  /** Ends the read: it throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** Is told of gaps; where left out they stand in the stream. */
  readonly onGap?: (gap: Gap) => void;
}

/** One page, and where one stands. */
export interface ReadPage {
  readonly contents: PageContents;
  /** Behind one of its events; null where there is no place so exact. */
  positionAfter(event: Gap | LogRecord): Position | null;
  /** Behind all of it. */
  readonly position: Position;
  /** Whether there was nothing behind it. */
  readonly atEnd: boolean;
}

/** Pages of something, one after the other. */
export interface Pages {
  next(waitMs: number): Promise<ReadPage>;
}

/** @throws {LogboomError} */
export async function* read(
  transport: Transport,
  topic: string,
  options: ReadOptions & { readonly onRetry?: OnRetry | undefined; readonly retryMs: number },
): AsyncGenerator<Step, void, void> {
  const { signal, onRetry, follow = false } = options;
  const byOffset = options.partition !== undefined && options.order !== "source";
  const pages: Pages = byOffset
    ? new PartitionPages(transport, topic, { ...options, partition: options.partition! })
    : new CursorPages(transport, topic, options);
  const retry = {
    ...{ environment: transport.environment, signal, onRetry },
    ...(follow ? {} : { forMs: options.retryMs }),
  };
  const ask = (waitMs: number) => {
    const asked = retrying(retry, () => pages.next(waitMs));
    // Nobody may be there any more to hear that it failed.
    asked.catch(() => {});
    return asked;
  };
  for (let asked = ask(0);;) {
    const page = await asked;
    signal?.throwIfAborted();
    // The node reads the next page while this one is worked on.
    const last = page.atEnd && !follow;
    if (!last) asked = ask(page.atEnd ? CLIENT_WAIT_MS : 0);
    for (const event of inOrder(page.contents)) {
      signal?.throwIfAborted();
      yield { event, position: page.positionAfter(event) };
    }
    yield { event: null, position: page.position };
    if (last) return;
  }
}
