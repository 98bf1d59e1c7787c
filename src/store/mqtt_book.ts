/**
 * What is kept of MQTT clients that have a session, and of retained messages. None of it is records:
 * a session's queue is a place in the logs, and the few messages that are on their way to it.
 * `host/sqlite_mqtt_book.ts` keeps it beside the catalogue.
 *
 * A session that ends with its connection is not written at all. Every change is one transaction:
 * durable and whole once its promise resolves; those asked for in one turn land together, and all
 * in the order they were asked for. A
 * question that is asked after a change is answered with it, resolved or not.
 *
 * @module
 */
import type { Offset, TimestampMs } from "../base/types.ts";
import type { RecordHeader } from "../core/record.ts";

export interface MqttSessionRow {
  readonly clientId: string;
  /** Seconds it outlives its connection; 0xffffffff for ever. */
  readonly expiryS: number;
}

/** A subscription that is granted. */
export interface MqttSubscriptionRow {
  /** The whole topic filter, `$share/NAME/` included. */
  readonly filter: string;
  readonly qos: 0 | 1 | 2;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly retainHandling: 0 | 1 | 2;
  /** Null where there is none. */
  readonly identifier: number | null;
  /** Offsets at which it begins, by partition ("topic-3"). */
  readonly since: ReadonlyMap<string, Offset>;
}

/** A message as the record it became. */
export interface MqttMessageRow {
  readonly timestamp: TimestampMs;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
}

/** A message that was sent and not acknowledged to the end. */
export interface MqttOutboundRow {
  readonly packetId: number;
  readonly qos: 0 | 1 | 2;
  /** QoS 2: PUBREC came. */
  readonly released: boolean;
  readonly retain: boolean;
  readonly identifiers: readonly number[];
  /** The group of a shared subscription it was taken from. */
  readonly group: string | null;
  readonly source:
    | { readonly partition: string; readonly offset: Offset }
    | { readonly topicName: Uint8Array; readonly record: MqttMessageRow };
}

/** All that is kept of one queue. */
export interface MqttQueueRows {
  readonly subscriptions: readonly MqttSubscriptionRow[];
  /** The offset of the next record to look at, by partition. */
  readonly cursors: ReadonlyMap<string, Offset>;
  /** In the order they were sent. */
  readonly outbound: readonly MqttOutboundRow[];
}

/** What changed of a queue; null stands for "is gone". */
export interface MqttQueueChange {
  readonly subscriptions?: ReadonlyMap<string, MqttSubscriptionRow | null>;
  readonly cursors?: ReadonlyMap<string, Offset | null>;
  /** One that is not released is a new message, and comes after all that are kept. */
  readonly outbound?: ReadonlyMap<number, MqttOutboundRow | null>;
}

/** The cursors of a shared subscription's group, which no client owns. */
export interface MqttGroupRows {
  readonly group: string;
  readonly cursors: ReadonlyMap<string, Offset>;
}

/** What of a retained message stays in memory. */
export interface MqttRetainedEntry {
  readonly topicName: string;
  /** Of the topic name, the payload and the headers. */
  readonly bytes: number;
  /** Null where it does not expire. */
  readonly expiresMs: TimestampMs | null;
}

export interface MqttRetainedRow extends MqttRetainedEntry {
  readonly record: MqttMessageRow;
}

/** What is read at the start: a queue only when its client comes. */
export interface MqttBookState {
  readonly sessions: readonly MqttSessionRow[];
  /** How many subscriptions each client has, where it has any. */
  readonly subscriptions: ReadonlyMap<string, number>;
  readonly retained: readonly MqttRetainedEntry[];
}

export interface MqttBook {
  load(): Promise<MqttBookState>;

  /** Null where no such session is kept. */
  queue(clientId: string): Promise<MqttQueueRows | null>;
  /** Makes the session, or changes how long it lasts. */
  putSession(row: MqttSessionRow): Promise<void>;
  /** The session and its queue are gone, and groups it was the last member of. */
  dropSession(clientId: string): Promise<void>;
  /** Nothing happens where no such session is kept. A group goes with its last subscription. */
  writeQueue(clientId: string, change: MqttQueueChange): Promise<void>;
  /**
   * Several queues by client identifier, and groups, in one transaction: what a group's members have
   * in flight and where the group stands are true only together.
   */
  writeQueues(
    queues: ReadonlyMap<string, MqttQueueChange>,
    groups: readonly MqttGroupRows[],
  ): Promise<void>;

  /** Null where no session that is kept subscribes to it. */
  group(group: string): Promise<MqttGroupRows | null>;
  /** Replaces all that is kept of it. */
  writeGroup(rows: MqttGroupRows): Promise<void>;
  /** It is gone, unless a session that is kept subscribes to it. */
  dropGroup(group: string): Promise<void>;

  /** Those that are kept; read when they are sent. */
  retained(topicNames: readonly string[]): Promise<readonly MqttRetainedRow[]>;
  putRetained(row: MqttRetainedRow): Promise<void>;
  dropRetained(topicNames: readonly string[]): Promise<void>;
}
