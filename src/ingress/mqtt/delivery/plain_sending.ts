/**
 * What a queue that is behind is sent without looking at each record: where its subscriptions want
 * them all alike, the core writes the packets.
 *
 * @module
 */
import { concat, utf8 } from "../../../base/bytes.ts";
import { MQTT_PLAIN_FILTERS_BYTES_MAX, MQTT_PLAIN_FILTERS_MAX } from "../../../base/mqtt_limits.ts";
import type { Offset } from "../../../base/types.ts";
import type { ProtocolVersion } from "../../../protocol/mqtt/packet_type.ts";
import { identifierProperties } from "../../../protocol/mqtt/publish_encoder.ts";
import type { DeliveryLog, KeyedForm, PacketPage } from "./batch_cache.ts";
import type { Outbox } from "./outbox.ts";
import { type HeldSubscription, partitionKey } from "./subscription.ts";

export interface PlainOwner {
  /** Its own subscriptions: none that are shared. */
  subscriptions(): Iterable<HeldSubscription>;
  readonly outbox: Outbox;
}

interface Alike {
  readonly version: ProtocolVersion;
  readonly held: readonly HeldSubscription[];
  readonly identifiers: readonly number[];
  /** By what is asked of them: bit 0 the key is the topic name, bit 1 none of QoS 0. */
  readonly forms: (KeyedForm | undefined)[];
}

export class PlainSending {
  readonly #owner: PlainOwner;
  /** Null where each record has to be looked at; undefined where that is not known yet. */
  #alike: Alike | null | undefined;

  constructor(owner: PlainOwner) {
    this.#owner = owner;
  }

  /** Its subscriptions are others now. */
  subscriptionsChanged(): void {
    this.#alike = undefined;
  }

  /** How packets of records from `offset` on look; the same object while nothing changed. */
  form(
    log: DeliveryLog,
    offset: Offset,
    { keyIsTopic, old }: { readonly keyIsTopic: boolean; readonly old: boolean },
  ): KeyedForm | null {
    const version = this.#owner.outbox.subscriber?.protocolVersion;
    if (version === undefined) return null;
    if (this.#alike?.version !== version && this.#alike !== null) {
      this.#alike = alikeOf([...this.#owner.subscriptions()], version);
    }
    const alike = this.#alike;
    if (alike === null || alike === undefined) return null;
    if (!alike.held.every((held) => held.covers(log.handle, offset))) return null;
    const nth = Number(keyIsTopic) | Number(old) << 1;
    return alike.forms[nth] ??= formOf(alike, keyIsTopic, old);
  }

  /** Whether the client takes packets as large as there are [MQTT-3.1.2-24]. */
  takes({ largestPacket }: PacketPage): boolean {
    return largestPacket <= (this.#owner.outbox.subscriber?.maximumPacketSize ?? 0);
  }

  /** Sends as many as there is room for. Returns where the next read goes on, below `upTo`. */
  send(log: DeliveryLog, page: PacketPage, { from, upTo }: { from: Offset; upTo: Offset }): Offset {
    const { outbox } = this.#owner;
    const sentFrom = { partition: partitionKey(log), identifiers: this.#alike?.identifiers ?? [] };
    for (const run of page.runs) {
      const end = run.indexOf(upTo);
      const first = run.indexOf(from);
      if (first >= end) continue;
      const next = outbox.sendRun(run, { first, end, from: sentFrom });
      if (next < end) return run.offset(next);
    }
    return Math.min(page.nextOffset, upTo);
  }
}

function alikeOf(held: readonly HeldSubscription[], version: ProtocolVersion): Alike | null {
  const [first] = held;
  if (first === undefined) return null;
  const { qos } = first.options;
  const identifiers: number[] = [];
  for (const { options } of held) {
    if (options.qos !== qos || options.noLocal || options.retainAsPublished) return null;
    if (options.identifier !== null && version === 5) identifiers.push(options.identifier);
  }
  // Which of several match is another question for each record.
  if (identifiers.length > 0 && held.length > 1) return null;
  const bytes = held.reduce((sum, { topicFilter }) => sum + 2 + utf8(topicFilter).length, 0);
  if (held.length > MQTT_PLAIN_FILTERS_MAX || bytes > MQTT_PLAIN_FILTERS_BYTES_MAX) return null;
  return { version, held, identifiers, forms: [] };
}

function formOf(
  { version, held, identifiers }: Alike,
  keyIsTopic: boolean,
  withoutQos0: boolean,
): KeyedForm {
  const { qos } = held[0]!.options;
  const topicFilters = held.map(({ topicFilter }) => topicFilter);
  return {
    ...{ version, qos, keyIsTopic, withoutQos0 },
    properties: version === 5 ? identifierProperties(identifiers) : new Uint8Array(0),
    filters: concat(topicFilters.map(sizedFilter)),
    key: [version, qos, keyIsTopic, withoutQos0, identifiers, ...topicFilters].join("\0"),
  };
}

function sizedFilter(topicFilter: string): Uint8Array {
  const bytes = utf8(topicFilter);
  return concat([Uint8Array.of(bytes.length & 0xff, bytes.length >>> 8), bytes]);
}
