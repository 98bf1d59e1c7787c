/**
 * What the core answers below zero: the mirror of `wasm/assembly/status.ts`, which says what each
 * means. A test holds the two together.
 *
 * @module
 */
export const Status = {
  OK: 0,
  NEED_MORE: -1,
  BAD_LENGTH: -2,
  BAD_MAGIC: -3,
  BAD_CHECKSUM: -4,
  BAD_ATTRIBUTES: -5,
  BAD_COUNT: -6,
  BAD_RECORD: -7,
  BAD_COMPRESSION: -8,
  TOO_LARGE: -9,
  NEED_INFLATED: -10,
  BATCH_FULL: -11,
  NO_SLOT: -12,
  OTHER_PACKET: -13,
  ROUTE_MISS: -14,
  MALFORMED: -15,
  BAD_JSON: -16,
} as const;

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(Status).map(([name, code]) => [code, name.toLowerCase()]),
);

/** "bad_checksum" and the like, for messages; "ok" for anything from zero up. */
export function statusName(status: number): string {
  return status >= 0 ? "ok" : NAMES.get(status) ?? `unknown status ${status}`;
}
