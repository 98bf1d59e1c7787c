/**
 * Server-sent events out of a stream of bytes. A line is ended by LF, CR or CRLF; an empty one ends
 * an event:
 *
 *   data: text     more than one are joined by LF
 *   event: name    "message" where there is none
 *   id: text       kept for the events behind, too
 *   retry: ms      is left to the caller's own way of waiting
 *   : comment      a sign of life
 *
 * Source: HTML Standard, "Server-sent events" > "Interpreting an event stream". An event without
 * data is handed over as well, since it may bring an id.
 *
 * @module
 */
import { CLIENT_EVENT_BYTES_MAX } from "../base/client_limits.ts";
import { LogboomError } from "./logboom_error.ts";

export interface StreamEvent {
  readonly name: string;
  readonly data: string;
  /** The last one given, by this event or one before. */
  readonly id: string;
}

/** Takes the text of a stream in whatever pieces it comes. */
export class EventStreamParser {
  #rest = "";
  #data: string[] = [];
  #characters = 0;
  #name = "";
  #id = "";
  /** The last piece ended with CR: an LF that follows belongs to it. */
  #afterReturn = false;
  #first = true;

  /** The events that are whole with this piece. @throws {LogboomError} invalid_answer */
  push(piece: string): StreamEvent[] {
    const events: StreamEvent[] = [];
    const text = this.#start(piece);
    let from = 0;
    for (const { index, 0: end } of text.matchAll(/\r\n|\r|\n/g)) {
      if (this.#afterReturn && index === 0 && end === "\n") {
        from = 1;
        continue;
      }
      this.#line(this.#rest + text.slice(from, index), events);
      this.#rest = "";
      from = index + end.length;
    }
    if (text !== "") this.#afterReturn = text.endsWith("\r");
    this.#rest += text.slice(from);
    if (this.#rest.length + this.#characters > CLIENT_EVENT_BYTES_MAX) {
      const message = `Cannot take an event of over ${CLIENT_EVENT_BYTES_MAX} characters`;
      throw new LogboomError("invalid_answer", message);
    }
    return events;
  }

  /** A byte order mark may stand before everything. */
  #start(piece: string): string {
    if (!this.#first || piece === "") return piece;
    this.#first = false;
    return piece.startsWith("\ufeff") ? piece.slice(1) : piece;
  }

  #line(line: string, events: StreamEvent[]): void {
    if (line === "") {
      events.push({ name: this.#name || "message", data: this.#data.join("\n"), id: this.#id });
      this.#data = [];
      this.#characters = 0;
      this.#name = "";
      return;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + (line[colon + 1] === " " ? 2 : 1));
    if (field === "data") {
      this.#data.push(value);
      this.#characters += value.length;
    } else if (field === "event") this.#name = value;
    else if (field === "id" && !value.includes("\0")) this.#id = value;
  }
}
