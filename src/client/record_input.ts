/**
 * Records as one writes them, and the body they become: `application/vnd.logboom.records+json`.
 *
 * @module
 */
import { jsonBytes } from "./log_record.ts";
import { LogboomError } from "./logboom_error.ts";

/**
 * What JSON can hold.
 *
 * @example A value of one's own
 * ```ts
 * import { Client, type JsonValue } from "@logboom/client";
 *
 * const reading: JsonValue = { celsius: 21.5, tags: ["indoor", null] };
 * await new Client({ url: "http://localhost:8080" }).produce("logs", { value: reading });
 * ```
 */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue | undefined };

/**
 * A record to be written, with what may stand beside its value.
 *
 * @example A record with all it can have
 * ```ts
 * import { Client, type RecordParts } from "@logboom/client";
 *
 * const record: RecordParts = {
 *   value: { celsius: 21.5 },
 *   key: "sensor-7",
 *   timestamp: new Date(),
 *   headers: { site: "north" },
 * };
 * await new Client({ url: "http://localhost:8080" }).produce("logs", record);
 * ```
 */
export interface RecordParts {
  /** The value: text and bytes as they are, null for none, and all else as JSON. */
  readonly value: JsonValue | Uint8Array;
  /** Records of one key go to one partition, in their order. */
  readonly key?: string | Uint8Array | null;
  /** Milliseconds since the Unix epoch, or a date; the node's time where left out. */
  readonly timestamp?: number | Date;
  /** Names with values; or a list of them, where names repeat. */
  readonly headers?:
    | Readonly<Record<string, string | Uint8Array | null>>
    | readonly (readonly [name: string, value: string | Uint8Array | null])[];
}

/**
 * What can be written: text or bytes, which become the value of a record, or a record with its
 * parts. Any JSON is written as `{ value: … }`.
 *
 * @example Text, bytes, or a record with its parts
 * ```ts
 * import { Client, type RecordInput } from "@logboom/client";
 *
 * const records: RecordInput[] = ["text", new Uint8Array([1, 2]), { key: "k", value: null }];
 * await new Client({ url: "http://localhost:8080" }).produce("logs", records);
 * ```
 */
export type RecordInput = string | Uint8Array | RecordParts;

/** One record as the element of a body. @throws {LogboomError} invalid_argument */
export function formOf(input: RecordInput): string {
  if (typeof input === "string") return JSON.stringify({ value: wellFormed(input) });
  if (input instanceof Uint8Array) return JSON.stringify(jsonBytes("value", input));
  const { value, key, timestamp, headers } = input;
  return JSON.stringify({
    ...(key === undefined ? undefined : jsonBytes("key", checked(key))),
    ...(timestamp === undefined ? undefined : { timestamp: timeOf(timestamp) }),
    ...(headers === undefined ? undefined : {
      headers: pairsOf(headers)
        .map(([name, its]) => ({ key: wellFormed(name), ...jsonBytes("value", checked(its)) })),
    }),
    ...valueOf(value),
  });
}

/** The body of a request that holds these. */
export function bodyOf(forms: readonly string[]): string {
  return `[${forms.join(",")}]`;
}

/** The media type of that body. */
export const RECORDS_TYPE = "application/vnd.logboom.records+json";

function valueOf(value: RecordParts["value"] | undefined): Record<string, string | null> {
  if (value instanceof Uint8Array) return jsonBytes("value", value);
  if (typeof value === "string" || value === null) return { value: checked(value) };
  // As text: in a body of JSON a number would be taken at its word, and a text must not be.
  const text = JSON.stringify(value) as string | undefined;
  if (text !== undefined) return { value: text };
  throw invalid("its value is nothing that JSON has; write null for none");
}

function pairsOf(headers: NonNullable<RecordParts["headers"]>) {
  return Array.isArray(headers)
    ? headers as readonly (readonly [string, string | Uint8Array | null])[]
    : Object.entries(headers as Readonly<Record<string, string | Uint8Array | null>>);
}

function timeOf(timestamp: number | Date): number {
  const ms = Number(timestamp);
  if (Number.isSafeInteger(ms) && ms >= 0) return ms;
  throw invalid("its timestamp is no whole number of milliseconds since the Unix epoch");
}

function checked<T extends string | Uint8Array | null>(bytes: T): T {
  if (typeof bytes === "string") wellFormed(bytes);
  return bytes;
}

/** A lone surrogate has no UTF-8: it would come out as another character. */
function wellFormed(text: string): string {
  if (text.isWellFormed()) return text;
  throw invalid("it has text with half a character (a lone surrogate)");
}

function invalid(state: string): LogboomError {
  return new LogboomError("invalid_argument", `Cannot write the record: ${state}`);
}
