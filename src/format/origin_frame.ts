/**
 * Frames of the origin journal, as JSON arrays:
 *
 *     ["http", producer, sequence, fingerprint, records, keyless partition, landing, from]
 *     ["qos2", client, packet id, landing]
 *     ["done", producer, sequence, fingerprint, records, keyless partition, parts]    in a snapshot
 *     ["held", client, packet ids]                                                    in a snapshot
 *     ["release", client, packet id]
 *     ["session", client]
 *     ["drop", client]
 *     ["void", frame sequences]          their batches were given up
 *
 *     landing   [topic, partition, base offset, last offset, [[batch base offset, batch CRC], ...]]
 *     part      [topic, partition, from, to, base offset]
 *
 * @module
 */
import type { Offset, TopicName } from "../base/types.ts";

export type Landing = readonly [
  topic: TopicName,
  partition: number,
  baseOffset: Offset,
  lastOffset: Offset,
  batches: readonly (readonly [baseOffset: Offset, crc: number])[],
];
export type HttpFrame = readonly [
  "http",
  producerId: string,
  sequence: number,
  fingerprint: string,
  records: number,
  keylessPartition: number | null,
  landing: Landing,
  from: number,
];
export type Qos2Frame = readonly ["qos2", clientId: string, packetId: number, landing: Landing];
export type PartRow = readonly [
  topic: TopicName,
  partition: number,
  from: number,
  to: number,
  baseOffset: Offset,
];
export type DoneFrame = readonly [
  "done",
  producerId: string,
  sequence: number,
  fingerprint: string,
  records: number,
  keylessPartition: number | null,
  parts: readonly PartRow[],
];
export type OriginFrame =
  | HttpFrame
  | Qos2Frame
  | DoneFrame
  | readonly ["held", clientId: string, packetIds: readonly number[]]
  | readonly ["release", clientId: string, packetId: number]
  | readonly ["session", clientId: string]
  | readonly ["drop", clientId: string]
  | readonly ["void", sequences: readonly number[]];
