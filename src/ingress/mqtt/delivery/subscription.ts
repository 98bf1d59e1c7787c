/**
 * What a client asked for with one topic filter of a SUBSCRIBE.
 *
 * @module
 */
import type { Offset } from "../../../base/types.ts";

export type QoS = 0 | 1 | 2;

/** 0: retained messages are sent; 1: only for a new subscription; 2: never. */
export type RetainHandling = 0 | 1 | 2;

export interface SubscriptionOptions {
  /** The whole topic filter, `$share/NAME/` included. */
  readonly filter: string;
  /** The most it is granted. */
  readonly qos: QoS;
  /** MQTT 5: not what the client itself published. */
  readonly noLocal: boolean;
  /** MQTT 5: keep the RETAIN flag of what was published. */
  readonly retainAsPublished: boolean;
  readonly retainHandling: RetainHandling;
  /** MQTT 5: said with each message it matched; null where there is none. */
  readonly identifier: number | null;
}

/** Names one partition's log, in memory and in what is kept: "topic-3". */
export type PartitionKey = string;

/** A subscription that is granted. */
export interface Subscription extends SubscriptionOptions {
  /**
   * Offsets at which it begins, by partition: nothing older is sent for it. Of a partition that is not
   * named nothing older was left to send, or it came later.
   */
  readonly since: ReadonlyMap<PartitionKey, Offset>;
}

export function partitionKey(log: { readonly topic: string; readonly index: number }) {
  return `${log.topic}-${log.index}`;
}

/** One that is granted, as its queue holds it. */
export class HeldSubscription {
  readonly options: SubscriptionOptions;
  /** The filter that topic names are held against: without `$share/NAME/`. */
  readonly topicFilter: string;
  /** The whole filter of a shared subscription, which is its group; null for one's own. */
  readonly group: string | null;
  /** As in {@linkcode Subscription}, by the handles of this run. */
  readonly since: Map<number, Offset>;

  constructor(options: SubscriptionOptions, since: Map<number, Offset>) {
    this.options = options;
    this.since = since;
    const shared = sharedFilterOf(options.filter);
    this.topicFilter = shared ?? options.filter;
    this.group = shared === null ? null : options.filter;
  }

  covers(handle: number, offset: Offset): boolean {
    return offset >= (this.since.get(handle) ?? 0);
  }
}

const SHARE = /^\$share\/[^/+#]+\//;

/**
 * What comes behind `$share/NAME/`; null where the filter is not shared, or is malformed: then it
 * begins with `$share/` all the same [MQTT-4.8.2-1, -2].
 */
export function sharedFilterOf(filter: string): string | null {
  const prefix = SHARE.exec(filter)?.[0];
  return prefix === undefined || prefix.length === filter.length
    ? null
    : filter.slice(prefix.length);
}
