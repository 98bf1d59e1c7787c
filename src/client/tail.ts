/**
 * The live tail: server-sent events by `fetch`, taken up again where they broke off.
 *
 * @module
 */
import { CLIENT_TAIL_SILENCE_MS } from "../base/client_limits.ts";
import { Backoff, type OnRetry } from "./backoff.ts";
import { EventStreamParser, type StreamEvent } from "./event_stream.ts";
import { type Gap, gapOf, type WireGap } from "./gap.ts";
import type { Step } from "./log_stream.ts";
import { LogboomError } from "./logboom_error.ts";
import { QueryText, type RecordFilter, segment } from "./read_options.ts";
import type { OpenAnswer, Transport } from "./transport.ts";
import { recordOf, type WireRecord } from "./wire_record.ts";

/**
 * How a topic is followed.
 *
 * @example One partition, from the beginning
 * ```ts
 * import { Client, type TailOptions } from "@logboom/client";
 *
 * const options: TailOptions = { from: "earliest", partition: 0, key: "devices/7/logs" };
 * const stream = new Client({ url: "http://localhost:8080" }).tail("logs", options);
 * for await (const event of stream) console.log(event.kind);
 * ```
 */
export interface TailOptions extends RecordFilter {
  /** Where to begin; `latest` where left out. A cursor is of an earlier tail or `read`. */
  readonly from?: "earliest" | "latest" | { readonly cursor: string };
  /** Only this one. */
  readonly partition?: number;
  /** Tell where each record first became durable. */
  readonly source?: boolean;
  /** Ends the tail: it throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** Is told of gaps; where left out they stand in the stream. */
  readonly onGap?: (gap: Gap) => void;
}

/** Ends that mean that it would end again: all others are worth coming back from. */
const FINAL = new Set([
  "forbidden",
  "invalid_argument",
  "log_diverged",
  "offset_out_of_range",
  "unauthorized",
  "unknown_partition",
  "unknown_topic",
]);

/** Never ends by itself. @throws {LogboomError} where coming back cannot help. */
export async function* tail(
  transport: Transport,
  topic: string,
  { signal, onRetry, ...options }: TailOptions & { readonly onRetry?: OnRetry | undefined },
): AsyncGenerator<Step, void, void> {
  const backoff = new Backoff({ environment: transport.environment, signal, onRetry });
  const from = typeof options.from === "object" ? undefined : options.from;
  const query = new QueryText().filter(options).add("from", from)
    .add("partition", options.partition).add("source", options.source || undefined);
  let id = typeof options.from === "object" ? options.from.cursor : "";
  for (;;) {
    try {
      const answer = await transport.open({
        path: `/v1/topics/${segment(topic)}/tail${query}`,
        accept: "text/event-stream",
        headers: id === "" ? {} : { "last-event-id": id },
        signal,
      });
      let opened = false;
      for await (const event of eventsOf(answer)) {
        id = event.id || id;
        // Who is let in and thrown out again must not come back at once, again and again.
        if (opened) backoff.reset();
        opened = true;
        yield { event: stepOf(event, topic), position: id === "" ? null : { cursor: id } };
      }
      throw new LogboomError("unreachable", "Cannot read on: the tail broke off", {
        retriable: true,
      });
    } catch (error) {
      await backoff.wait(error);
    }
  }
}

/** Ends with the connection. */
async function* eventsOf({ body, deadline }: OpenAnswer): AsyncGenerator<StreamEvent, void, void> {
  const parser = new EventStreamParser();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const reader = body.getReader();
  try {
    for (;;) {
      // Time runs only while it is the node's turn: the application may think as long as it likes.
      deadline.within(CLIENT_TAIL_SILENCE_MS);
      const { done, value } = await reader.read().catch((error: unknown) => {
        throw deadline.signal.aborted ? deadline.signal.reason : broken(error);
      });
      deadline.rest();
      if (done) return;
      yield* parser.push(decoder.decode(value, { stream: true }));
    }
  } finally {
    deadline.end();
    // Nothing more is wanted of it, and whether it took notice does not matter.
    void reader.cancel().catch(() => {});
  }
}

function broken(cause: unknown): LogboomError {
  const state = cause instanceof Error ? cause.message : String(cause);
  return new LogboomError("unreachable", `Cannot read on: ${state}`, { retriable: true, cause });
}

/** @throws {LogboomError} at the end of the stream; invalid_answer */
function stepOf({ name, data }: StreamEvent, topic: string): Step["event"] {
  if (data === "") return null;
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch (cause) {
    throw new LogboomError("invalid_answer", "Cannot read an event: it is no JSON", { cause });
  }
  switch (name) {
    case "message":
      return recordOf(value as WireRecord);
    case "gap":
      return gapOf(value as WireGap, { topic, partition: 0 });
    case "end":
      throw endOf(value as { readonly code: string; readonly detail: string });
    default:
      // Of a newer node: what an older client does not know it can do without.
      return null;
  }
}

function endOf(end: { readonly code: string; readonly detail: string }): LogboomError {
  return new LogboomError(end.code, end.detail, {
    retriable: !FINAL.has(end.code),
    detail: end,
  });
}
