/**
 * SUBSCRIBE: each filter is granted or refused on its own, in order [MQTT-3.8.4-6]. What a session
 * that outlives its connection is granted is durable before SUBACK says so. Retained messages come
 * behind it. A shared subscription goes on where its members stand, be they here or away.
 *
 * @module
 */
import type { ISubscribePacket } from "mqtt-packet";
import { utf8 } from "../../../base/bytes.ts";
import { isOperatingError } from "../../../base/errors.ts";
import { MQTT_TOPIC_FILTER_BYTES_MAX, MQTT_TOPIC_LEVELS_MAX } from "../../../base/mqtt_limits.ts";
import { checkPacket, malformed } from "../../../protocol/mqtt/packet_check.ts";
import { ReasonCode, reasonCodeOf } from "../../../protocol/mqtt/reason_code.ts";
import { TopicFilter } from "../../../protocol/mqtt/topic_filter.ts";
import type { ClientConnection } from "../client_connection.ts";
import {
  type HeldSubscription,
  type QoS,
  type RetainHandling,
  sharedFilterOf,
  type SubscriptionOptions,
} from "../delivery/subscription.ts";
import { decodePacket, encodePacket } from "../packet_codec.ts";

/** MQTT 3.1.1 has one failure [MQTT-3.9.3-2]. */
const FAILURE = 0x80;
const SHARE = "$share/";

/** @throws {OperatingError} malformed_packet */
export function handleSubscribe(client: ClientConnection, bytes: Uint8Array): Promise<void> | void {
  const { protocolVersion, queue } = client;
  checkPacket(bytes, protocolVersion);
  const packet = decodePacket(bytes, protocolVersion) as ISubscribePacket;
  const asked = optionsOf(packet);
  for (const { filter, noLocal } of asked) {
    // [MQTT-3.8.3-4]
    if (noLocal && filter.startsWith(SHARE)) {
      throw malformed("no-local on a shared subscription", ReasonCode.ProtocolError);
    }
  }
  const { delivery } = client.services;
  const unknown = client.maySubscribe ? asked.filter((one) => delivery.mustPrepare(one)) : [];
  if (unknown.length === 0) return subscribe(client, packet, asked);
  return delivery.prepare(unknown).then(
    // Its client may be gone meanwhile, and its session with it.
    () => queue.isOnline ? subscribe(client, packet, asked) : undefined,
    (error) => {
      if (!isOperatingError(error)) throw error;
      answer(client, packet, asked.map(() => reasonCodeOf(error.code)));
    },
  );
}

function subscribe(
  client: ClientConnection,
  packet: ISubscribePacket,
  asked: readonly SubscriptionOptions[],
): Promise<void> | void {
  const { queue } = client;
  const fresh: HeldSubscription[] = [];
  const codes = asked.map((options) => {
    const refusal = refusalOf(client, options);
    if (refusal !== null) {
      client.services.counters.refusal(refusal);
      return refusal;
    }
    const isNew = queue.subscribe(options);
    const held = queue.subscription(options.filter)!;
    const { retainHandling } = options;
    // [MQTT-3.3.1-9, -10, -11]; never for a shared one.
    if (held.group === null && (retainHandling === 0 || (retainHandling === 1 && isNew))) {
      fresh.push(held);
    }
    return options.qos;
  });
  const granted = () => {
    answer(client, packet, codes);
    for (const held of fresh) {
      queue.feed(() => client.services.retained.matching(held.topicFilter), held);
    }
  };
  if (!queue.lasting) return granted();
  return queue.kept().then(granted, (error) => {
    if (!isOperatingError(error)) throw error;
    for (const { filter } of asked) queue.unsubscribe(filter);
    answer(client, packet, codes.map((code) => code >= FAILURE ? code : reasonCodeOf(error.code)));
  });
}

function answer(
  client: ClientConnection,
  { messageId }: ISubscribePacket,
  codes: readonly number[],
): void {
  const { protocolVersion } = client;
  const granted = codes.map((code) => protocolVersion === 5 || code < FAILURE ? code : FAILURE);
  client.send(encodePacket({ cmd: "suback", messageId: messageId!, granted }, protocolVersion));
}

function optionsOf({ subscriptions, properties }: ISubscribePacket): SubscriptionOptions[] {
  const { subscriptionIdentifier: identifier } = properties ?? {};
  return subscriptions.map(({ topic, qos, nl, rap, rh }) => ({
    filter: topic,
    qos: qos as QoS,
    noLocal: nl ?? false,
    retainAsPublished: rap ?? false,
    retainHandling: (rh ?? 0) as RetainHandling,
    identifier: (Array.isArray(identifier) ? identifier[0] : identifier) ?? null,
  }));
}

/** Null where it is granted. */
function refusalOf(client: ClientConnection, { filter }: SubscriptionOptions): ReasonCode | null {
  const { maySubscribe, queue, services } = client;
  const shared = sharedFilterOf(filter);
  // [MQTT-4.8.2-1, -2]
  if (shared === null && filter.startsWith(SHARE)) return ReasonCode.TopicFilterInvalid;
  const topicFilter = shared ?? filter;
  if (!TopicFilter.isValid(topicFilter)) return ReasonCode.TopicFilterInvalid;
  if (!maySubscribe) return ReasonCode.NotAuthorized;
  if (utf8(filter).length > MQTT_TOPIC_FILTER_BYTES_MAX) return ReasonCode.QuotaExceeded;
  if (topicFilter.split("/").length > MQTT_TOPIC_LEVELS_MAX) return ReasonCode.QuotaExceeded;
  if (queue.subscription(filter) !== undefined) return null;
  const full = queue.subscriptionsCount >= services.limits.subscriptionsPerClientMax ||
    services.delivery.allSubscriptions >= services.limits.subscriptionsMax ||
    // The space that is kept for the catalogue is not for what clients would put there.
    (queue.lasting && services.store.space.full);
  return full ? ReasonCode.QuotaExceeded : null;
}
