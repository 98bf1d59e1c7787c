/**
 * What readers may ask for, and the query it becomes.
 *
 * @module
 */
import { LogboomError } from "./logboom_error.ts";

/**
 * Which records a reader wants: those of which all that is given holds. The node looks.
 *
 * @example Errors of one site, of the last day
 * ```ts
 * import { Client, type RecordFilter } from "@logboom/client";
 *
 * const filter: RecordFilter = {
 *   headers: { site: "north" },
 *   contains: "error",
 *   since: new Date(Date.now() - 86_400_000),
 * };
 * const stream = new Client({ url: "http://localhost:8080" }).read("logs", filter);
 * for await (const event of stream) console.log(event.kind);
 * ```
 */
export interface RecordFilter {
  /** The key is exactly this. */
  readonly key?: string;
  /** Each header named here has exactly that value. */
  readonly headers?: Readonly<Record<string, string>>;
  /** This stands somewhere in the value. */
  readonly contains?: string;
  /** The timestamp is this or later: a date, milliseconds since the Unix epoch, or RFC 3339. */
  readonly since?: Date | number | string;
  /** The timestamp is earlier than this. */
  readonly until?: Date | number | string;
}

/**
 * What one page of records may hold.
 *
 * @example A small page
 * ```ts
 * import { Client, type PageOptions } from "@logboom/client";
 *
 * const small: PageOptions = { maxRecords: 10, maxBytes: 64_000, maxWaitMs: 5_000 };
 * console.log(await new Client({ url: "http://localhost:8080" }).fetch("logs", small));
 * ```
 */
export interface PageOptions extends RecordFilter {
  /** Records at most. */
  readonly maxRecords?: number;
  /** Bytes of stored batches at most. */
  readonly maxBytes?: number;
  /** Milliseconds to wait where there are no records yet. */
  readonly maxWaitMs?: number;
  /** Tell where each record first became durable. */
  readonly source?: boolean;
  /** Ends the call. */
  readonly signal?: AbortSignal;
}

/** A query of what is given; what is undefined is left out. */
export class QueryText {
  readonly #parameters = new URLSearchParams();

  add(name: string, value: string | number | boolean | undefined): this {
    if (value !== undefined) this.#parameters.append(name, String(value));
    return this;
  }

  filter({ key, headers, contains, since, until }: RecordFilter): this {
    this.add("key", key).add("contains", contains);
    for (const [name, value] of Object.entries(headers ?? {})) this.add(`header.${name}`, value);
    return this.add("since", timeOf("since", since)).add("until", timeOf("until", until));
  }

  page(options: PageOptions): this {
    return this.filter(options)
      .add("max_records", options.maxRecords)
      .add("max_bytes", options.maxBytes)
      .add("max_wait_ms", options.maxWaitMs)
      .add("source", options.source || undefined);
  }

  /** With its question mark; empty where nothing was added. */
  toString(): string {
    const text = this.#parameters.toString();
    return text === "" ? "" : `?${text}`;
  }
}

/** @throws {LogboomError} invalid_argument, for a date that is none. */
function timeOf(name: string, time: Date | number | string | undefined): string | undefined {
  if (!(time instanceof Date)) return time === undefined ? undefined : String(time);
  if (Number.isNaN(time.getTime())) {
    throw new LogboomError("invalid_argument", `Cannot use ${name}: it is no valid date`);
  }
  return String(time.getTime());
}

/** A name as one segment of a path. @throws {LogboomError} invalid_argument */
export function segment(name: string): string {
  // These would be resolved away on the way to the node.
  if (name !== "" && name !== "." && name !== "..") return encodeURIComponent(name);
  throw new LogboomError("invalid_argument", `Cannot use "${name}" as a name`);
}
