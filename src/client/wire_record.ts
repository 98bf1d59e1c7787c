/**
 * Records as the node writes them in JSON.
 *
 *   {topic, partition, offset, timestamp, key, value, headers: [{key, value}], source?}
 *
 * `value_base64` and `key_base64` stand for bytes that are no UTF-8.
 *
 * @module
 */
import { fromBase64 } from "./base64.ts";
import { type Bytes, LogRecord, type RecordHeader } from "./log_record.ts";

export interface WireRecord extends WireValue {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key?: string | null;
  readonly key_base64?: string;
  readonly headers: readonly (WireValue & { readonly key: string })[];
  readonly source?: {
    readonly gateway: string | null;
    readonly log_id: string;
    readonly partition: number | null;
    readonly offset: number;
  };
}

interface WireValue {
  readonly value?: string | null;
  readonly value_base64?: string;
}

export function recordOf(wire: WireRecord): LogRecord {
  const { source } = wire;
  return new LogRecord({
    topic: wire.topic,
    partition: wire.partition,
    offset: wire.offset,
    timestamp: wire.timestamp,
    key: bytesOf(wire.key, wire.key_base64),
    value: bytesOf(wire.value, wire.value_base64),
    headers: wire.headers.map(headerOf),
    source: source === undefined ? null : {
      gateway: source.gateway,
      logId: source.log_id,
      partition: source.partition,
      offset: source.offset,
    },
  });
}

function headerOf(header: WireRecord["headers"][number]): RecordHeader {
  return { key: header.key, value: bytesOf(header.value, header.value_base64) };
}

function bytesOf(plain: string | null | undefined, base64: string | undefined): Bytes {
  return base64 === undefined ? plain ?? null : fromBase64(base64);
}
