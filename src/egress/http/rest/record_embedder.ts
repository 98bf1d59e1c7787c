/**
 * A record as an element of an answer: {topic, key, value, partition, offset, timestamp, headers?}.
 * What stands where key and value are, the embedded format says (rest_media_type.ts); a JSON value
 * goes out as the bytes it came in as. Values of headers are base64 in all formats.
 *
 * @module
 */
import type { OperatingError } from "../../../base/errors.ts";
import type { PageRecord } from "../../../protocol/http/fetch_body.ts";
import { skipSpace } from "../../../protocol/http/json_source.ts";
import type { JsonScanner } from "../../../protocol/http/produce_body.ts";
import { restError } from "../../../protocol/http/rest_error.ts";
import type { EmbeddedFormat } from "../../../protocol/http/rest_media_type.ts";

export interface EmbeddedRecord {
  readonly json: string;
  /** Bytes of its key and its value. */
  readonly bytes: number;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export class RecordEmbedder {
  readonly #format: EmbeddedFormat;
  readonly #scanner: Pick<JsonScanner, "jsonValueEnd">;

  constructor(format: EmbeddedFormat, scanner: Pick<JsonScanner, "jsonValueEnd">) {
    this.#format = format;
    this.#scanner = scanner;
  }

  /** Null where its key or its value is not of the format. */
  embed(record: PageRecord): EmbeddedRecord | null {
    const key = this.#embedded(record.key);
    const value = this.#embedded(record.value);
    if (key === null || value === null) return null;
    const { topic, partition, offset, timestamp } = record;
    const headers = record.headers.length === 0 ? "" : `,"headers":${headersOf(record)}`;
    return {
      json: `{"topic":${JSON.stringify(topic)},"key":${key},"value":${value},` +
        `"partition":${partition},"offset":${offset},"timestamp":${timestamp}${headers}}`,
      bytes: (record.key?.length ?? 0) + (record.value?.length ?? 0),
    };
  }

  /** What a reader is told of a record that cannot be embedded. */
  refusalOf({ topic, partition, offset }: PageRecord): OperatingError {
    return restError(
      40602,
      `Cannot embed record ${offset} of ${topic}-${partition}: its key or value is no ` +
        `${this.#format === "json" ? "JSON" : "UTF-8"}; read it with the format binary, or seek ` +
        `to ${offset + 1}`,
    );
  }

  /** The JSON that stands for the bytes; null where there is none. */
  #embedded(bytes: Uint8Array | null): string | null {
    if (bytes === null) return "null";
    switch (this.#format) {
      case "binary":
        return `"${bytes.toBase64()}"`;
      case "text":
        return textOf(bytes);
      case "json":
        return this.#isJson(bytes) ? decoder.decode(bytes) : null;
    }
  }

  #isJson(bytes: Uint8Array): boolean {
    const start = skipSpace(bytes, 0);
    const end = start < bytes.length ? this.#scanner.jsonValueEnd(bytes, start) : -1;
    return end >= 0 && skipSpace(bytes, end) === bytes.length;
  }
}

function textOf(bytes: Uint8Array): string | null {
  try {
    return JSON.stringify(decoder.decode(bytes));
  } catch {
    return null;
  }
}

function headersOf({ headers }: PageRecord): string {
  return JSON.stringify(
    headers.map(([key, value]) => ({ key, value: value?.toBase64() ?? null })),
  );
}
