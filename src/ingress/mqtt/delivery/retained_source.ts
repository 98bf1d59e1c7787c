/**
 * The retained messages, as SUBSCRIBE needs them.
 *
 * @module
 */
import type { Message } from "./message.ts";

export interface RetainedSource {
  /**
   * The retained messages of the topic names that a filter matches, `$share/` ones excepted; those
   * that expired are left out. Each is read when it is asked for: there may be many.
   */
  matching(filter: string): AsyncIterable<Message> | Iterable<Message>;
}
