/**
 * Server-sent events, as a tail sends them. Each is some lines and an empty one:
 *
 *   retry: 1000            milliseconds after which the client comes again when it lost us; once
 *   id: CURSOR             where the reader stands behind this event; it comes back with it in
 *                          `Last-Event-ID`. Without data it is no event, and is kept all the same
 *   event: gap | end       absent for a record, which thus is a "message"
 *   data: JSON             a record as in pages; a gap; why the stream ends
 *   :                      a comment, so that nobody takes the silence for the end
 *
 * Source: HTML Standard, "Server-sent events" > "Interpreting an event stream".
 *
 * @module
 */
import { type PageGap, type PageRecord, recordJson } from "./fetch_body.ts";

export const EVENT_STREAM = "text/event-stream";

export interface TailGap extends PageGap {
  readonly topic: string;
  readonly partition: number;
}

/** Why a stream ends; the code is one of a problem document, or one of these. */
export interface TailEnd {
  readonly code: string;
  readonly detail: string;
}

/** The first thing said. */
export function openingEvent(retryMs: number, id: string): string {
  return `retry: ${retryMs}\nid: ${id}\n\n`;
}

export function recordEvent(id: string, record: PageRecord): string {
  return `id: ${id}\ndata: ${recordJson(record)}\n\n`;
}

export function gapEvent(id: string, gap: TailGap): string {
  return `id: ${id}\nevent: gap\ndata: ${JSON.stringify(gap)}\n\n`;
}

export function endEvent(end: TailEnd): string {
  return `event: end\ndata: ${JSON.stringify(end)}\n\n`;
}

/** Says that we are there; with an id, how far the reader has come without an event. */
export function keepAlive(id: string | null): string {
  return id === null ? ":\n\n" : `:\nid: ${id}\n\n`;
}
