/**
 * What is kept of a session's queue beyond the process, as this room needs it. A queue writes only
 * while its session outlives its connection. One change lands whole or not at all: cursors and
 * in-flight messages tell the truth only together.
 *
 * @module
 */
import type { Offset } from "../../../base/types.ts";
import type { PartitionKey, QoS, Subscription } from "./subscription.ts";
import type { MessageRecord } from "./message.ts";

/** Where a message in flight can be read again. */
export type MessageSource =
  | { readonly partition: PartitionKey; readonly offset: Offset }
  /** A retained message may be replaced before it is acknowledged, so it is kept itself. */
  | { readonly topicName: Uint8Array; readonly record: MessageRecord };

/** A message that was sent and not acknowledged to the end. */
export interface OutboundState {
  readonly packetId: number;
  readonly qos: QoS;
  /** QoS 2: PUBREC came, so that only PUBREL is sent again [MQTT-4.3.3-6]. */
  readonly released: boolean;
  /** As it was sent; see publish_encoder.ts. */
  readonly retain: boolean;
  readonly identifiers: readonly number[];
  /** The group of a shared subscription it was taken from; null for the client's own. */
  readonly group: string | null;
  readonly source: MessageSource;
}

/** All that is kept of one queue. */
export interface QueueState {
  readonly subscriptions: readonly Subscription[];
  /** The offset of the next record to look at, by partition. */
  readonly cursors: ReadonlyMap<PartitionKey, Offset>;
  /** In the order they were sent. */
  readonly outbound: readonly OutboundState[];
}

/** What changed since the last one; null stands for "is gone". */
export interface QueueChange {
  readonly subscriptions?: ReadonlyMap<string, Subscription | null>;
  readonly cursors?: ReadonlyMap<PartitionKey, Offset | null>;
  readonly outbound?: ReadonlyMap<number, OutboundState | null>;
}

/** The cursors of a shared subscription's group, which no client owns. */
export interface GroupState {
  readonly group: string;
  readonly cursors: ReadonlyMap<PartitionKey, Offset>;
}

export interface QueueBook {
  /** Null where no such session is kept. */
  queue(clientId: string): Promise<QueueState | null>;
  /** Resolves once it is synced. Changes are written in the order they were handed in. */
  writeQueue(clientId: string, change: QueueChange): Promise<void>;
  /** What is kept of a group; null where no session that is kept subscribes to it. */
  group(group: string): Promise<GroupState | null>;
  writeGroup(state: GroupState): Promise<void>;
  /** Nobody subscribes to it any more, but for sessions that are kept. */
  dropGroup(group: string): Promise<void>;
}
