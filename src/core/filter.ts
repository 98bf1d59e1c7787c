/**
 * What the core can tell of a record without making an object of it.
 *
 * @module
 */
import type { TimestampMs } from "../base/types.ts";

/** All of it must hold; null asks for nothing. */
export interface FilterTerms {
  /** The key, whole. */
  readonly key: Uint8Array | null;
  /** For each, some header of that name has that value, whole. */
  readonly headers: readonly { readonly name: Uint8Array; readonly value: Uint8Array }[];
  /** Bytes that stand in the value. */
  readonly contains: Uint8Array | null;
  /** The lowest timestamp. */
  readonly since: TimestampMs | null;
  /** The timestamp that all are below. */
  readonly until: TimestampMs | null;
}
