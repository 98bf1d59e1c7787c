/**
 * A record as TypeScript hands it to the core and gets it back.
 *
 * @module
 */
import type { Offset, TimestampMs } from "../base/types.ts";
import type { EncodedHeaders } from "./record_headers.ts";

export type RecordHeader = readonly [name: string, value: Uint8Array | null];

/** What {@linkcode Core.append} takes. */
export interface RecordParts {
  readonly timestamp: TimestampMs;
  readonly key?: Uint8Array | null;
  readonly value: Uint8Array | null;
  /** Pairs, or what `encodeHeaders` made of them: worth keeping where many records share them. */
  readonly headers?: readonly RecordHeader[] | EncodedHeaders;
  /** False where it is known that no subscription matches it. */
  readonly wanted?: boolean;
}

/** What {@linkcode Core.decode} gives: key, value and header values are views of one fresh copy. */
export interface DecodedRecord {
  readonly offset: Offset;
  readonly timestamp: TimestampMs;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: RecordHeader[];
}
