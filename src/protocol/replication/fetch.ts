/**
 * POST /v1/replication/fetch: a node asks its upstream for batches back that it delivered and that
 * have decayed since. From version 2 on.
 *
 * request, JSON
 *     session        32 hex
 *     log_id         16 hex         one this peer is a path of
 *     from, to       integers       source offsets [from, to)
 *     max_bytes      integer        of batches; at least one is given, however large
 *     search_from    integer|null   where an earlier answer said that the search goes on
 *
 * answer
 *     0  search_from  i64   where to go on looking, in the receiver's own offsets; -1 where it has
 *                           been looked for everywhere
 *     8  batches      whole record batches of the log within [from, to), each following the one
 *                     before, as they lie on the receiver's disk; mostly all, sometimes none
 *
 * An answer costs the receiver a bounded amount of reading, so a search may take several.
 *
 * @module
 */
import { utf8, viewOf } from "../../base/bytes.ts";
import { OperatingError } from "../../base/errors.ts";
import { OFFSET_MAX } from "../../base/limits.ts";
import { REPLICATION_FETCH_BYTES_MAX, REPLICATION_JSON_BYTES_MAX } from "../../base/link_limits.ts";
import type { LogId, Offset, OffsetRange } from "../../base/types.ts";
import { Fields } from "./fields.ts";
import { SESSION_CHARACTERS } from "./hello.ts";

export const FETCH_PATH = "/v1/replication/fetch";
export const FETCH_MEDIA_TYPE = "application/vnd.logboom.replication-batches";

export interface FetchRequest extends OffsetRange {
  readonly session: string;
  readonly logId: LogId;
  readonly maxBytes: number;
  readonly searchFrom: Offset | null;
}

export interface FetchAnswer {
  /** Back to back. */
  readonly batches: Uint8Array;
  readonly searchFrom: Offset | null;
}

const HEAD_BYTES = 8;

export function encodeFetchRequest(request: FetchRequest): Uint8Array<ArrayBuffer> {
  return utf8(JSON.stringify({
    session: request.session,
    log_id: request.logId,
    from: request.from,
    to: request.to,
    max_bytes: request.maxBytes,
    search_from: request.searchFrom,
  }));
}

export function decodeFetchRequest(body: Uint8Array): FetchRequest {
  const bytesMax = REPLICATION_JSON_BYTES_MAX;
  const fields = Fields.ofBody(body, { place: "fetch request", bytesMax });
  const from = fields.offset("from");
  return {
    session: fields.text("session", SESSION_CHARACTERS),
    logId: fields.id("log_id"),
    from,
    to: fields.integer("to", from + 1, OFFSET_MAX),
    maxBytes: fields.integer("max_bytes", 1, REPLICATION_FETCH_BYTES_MAX),
    searchFrom: fields.has("search_from") ? fields.offset("search_from") : null,
  };
}

export function encodeFetchAnswer({ batches, searchFrom }: FetchAnswer): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEAD_BYTES + batches.length);
  viewOf(bytes).setBigInt64(0, BigInt(searchFrom ?? -1));
  bytes.set(batches, HEAD_BYTES);
  return bytes;
}

export function decodeFetchAnswer(body: Uint8Array): FetchAnswer {
  if (body.length < HEAD_BYTES) {
    throw new OperatingError("malformed_body", "Cannot read fetch answer: it has no head");
  }
  const place = Number(viewOf(body).getBigInt64(0));
  if (place < -1 || place > OFFSET_MAX) {
    throw new OperatingError("malformed_body", `Cannot read fetch answer: no place ${place}`);
  }
  return { batches: body.subarray(HEAD_BYTES), searchFrom: place < 0 ? null : place };
}
