/**
 * Reads record batches by the book and by itself: nothing of the product is asked what a batch
 * holds, so that a mistake of the product's cannot hide in the count.
 */

export interface RawBatch {
  readonly logId: string;
  readonly sourceOffset: number;
  readonly baseOffset: number;
  /** Of each record, in order. */
  readonly values: readonly string[];
  readonly bytes: number;
}

const RECORDS_AT = 61;
const CODEC_BITS = 7;
const SEQUENCES_PER_EPOCH = 2 ** 31;
const decoder = new TextDecoder("latin1");

/** All batches of `bytes`; `inflate` is asked for the records of one that is compressed. */
export function rawBatches(
  bytes: Uint8Array,
  inflate: (batch: Uint8Array) => readonly string[],
): RawBatch[] {
  const batches: RawBatch[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + RECORDS_AT <= bytes.length;) {
    const size = 12 + view.getInt32(at + 8);
    const compressed = (view.getInt16(at + 21) & CODEC_BITS) !== 0;
    const batch = bytes.subarray(at, at + size);
    batches.push({
      baseOffset: Number(view.getBigInt64(at)),
      logId: view.getBigUint64(at + 43).toString(16).padStart(16, "0"),
      sourceOffset: view.getInt16(at + 51) * SEQUENCES_PER_EPOCH + view.getInt32(at + 53),
      values: compressed ? inflate(batch) : valuesOf(batch, view.getInt32(at + 57)),
      bytes: size,
    });
    at += size;
  }
  return batches;
}

/** Where the batches of a segment lie. */
export function batchPlaces(bytes: Uint8Array): { position: number; bytes: number }[] {
  const places: { position: number; bytes: number }[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + RECORDS_AT <= bytes.length;) {
    const size = 12 + view.getInt32(at + 8);
    if (size < RECORDS_AT || at + size > bytes.length) break;
    places.push({ position: at, bytes: size });
    at += size;
  }
  return places;
}

function valuesOf(batch: Uint8Array, count: number): string[] {
  const values: string[] = [];
  let at = RECORDS_AT;
  const varint = () => {
    let value = 0;
    for (let shift = 1;; shift *= 128) {
      const byte = batch[at++];
      if (byte === undefined) throw new RangeError("a record reaches beyond its batch");
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    }
  };
  for (let record = 0; record < count; record++) {
    const length = varint();
    const end = at + length;
    at++; // attributes
    varint(); // timestamp delta
    varint(); // offset delta
    const key = varint();
    if (key > 0) at += key;
    const size = varint();
    values.push(decoder.decode(batch.subarray(at, at + size)));
    at = end;
  }
  return values;
}
