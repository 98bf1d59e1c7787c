/**
 * PUBLISH off the fast path: retained, QoS 2, sent again, with MQTT 5 properties, too large for the
 * core, or to a topic name it has no route for yet.
 *
 * The answer hands ownership over [MQTT-4.3.2-4, MQTT-4.3.3-8], so it waits until the record is
 * durable. A publish that is refused is told so in MQTT 5; MQTT 3.1.1 can only accept or close
 * [MQTT-3.3.5-2], except where the disk is full: there the connection waits, unread.
 *
 * A QoS 1 publish that is sent again is a new one [MQTT-4.3.2-5]: clients send again only on a new
 * connection, and whether the first was stored is then known to nobody but the log.
 *
 * @module
 */
import type { IPublishPacket } from "mqtt-packet";
import { utf8 } from "../../../base/bytes.ts";
import { isOperatingError, OperatingError } from "../../../base/errors.ts";
import { MQTT_TOPIC_NAME_BYTES_MAX } from "../../../base/limits.ts";
import { checkPacket } from "../../../protocol/mqtt/packet_check.ts";
import { PacketType } from "../../../protocol/mqtt/packet_type.ts";
import { ReasonCode, reasonCodeOf } from "../../../protocol/mqtt/reason_code.ts";
import { decodeTopicName } from "../../../protocol/mqtt/topic_name.ts";
import { ackPacket, type Answer } from "../answer_queue.ts";
import type { ClientConnection } from "../client_connection.ts";
import { decodePacket } from "../packet_codec.ts";
import { appendPublication, type Publication } from "../publication.ts";
import { retainedOf } from "../retained/retained_record.ts";
import type { Destination } from "../route_table.ts";

const NO_ACK = new Uint8Array(0);

interface Publish extends Publication {
  /** 0 with QoS 0. */
  readonly packetIdentifier: number;
  /** The packet itself: a view, good until the next read. */
  readonly packet: Uint8Array;
}

/**
 * Returns a promise where the topic must be created first; no packet of this client is read before.
 *
 * @throws {OperatingError} malformed_packet
 */
export function handlePublish(client: ClientConnection, bytes: Uint8Array): Promise<void> | void {
  const publish = readPublish(client, bytes);
  if (typeof publish === "number") return refuse(client, publishHead(bytes, client), publish);
  if (!client.mayPublish) return refuse(client, publish, ReasonCode.NotAuthorized);

  const { clientId, services: { limits, qos2, routes } } = client;
  const { packetIdentifier, qos } = publish;
  if (qos === 2 && qos2.isRepeat(clientId, packetIdentifier)) {
    // [MQTT-4.3.3-10]: a PUBREC again, a record never again.
    const answer = client.answer(ackPacket(PacketType.Pubrec, packetIdentifier), 0);
    qos2.answerRepeat(clientId, packetIdentifier, answer);
    // The record was durable before the message was retained: it may be all there is.
    if (publish.retain) retain(client, publish, answer);
    return client.ready();
  }
  // [MQTT-3.3.4-7]: PUBREC does not end it, PUBCOMP does.
  if (qos === 2 && client.protocolVersion === 5 && qos2.heldBy(clientId) >= limits.receiveMaximum) {
    return client.fail(ReasonCode.ReceiveMaximumExceeded, "more QoS 2 than Receive Maximum");
  }
  try {
    const destination = routes.resolve(publish.topicName, clientId);
    if (destination === null) return refuse(client, publish, ReasonCode.TopicNameInvalid);
    if (!(destination instanceof Promise)) return store(client, publish, destination);
    return destination.then(
      (created) => store(client, publish, created),
      (error) => refuseFor(client, publish, error),
    );
  } catch (error) {
    refuseFor(client, publish, error);
  }
}

function readPublish(client: ClientConnection, bytes: Uint8Array): Publish | ReasonCode {
  const exact = checkPacket(bytes, client.protocolVersion);
  const packet = decodePacket(bytes, client.protocolVersion) as IPublishPacket;
  const { payload, properties = {} } = packet;
  if (exact.topicName.length > 0 && decodeName(exact.topicName) === null) {
    return ReasonCode.TopicNameInvalid;
  }
  const name = client.aliases.resolve(exact.topicName, properties.topicAlias, client);
  const text = decodeName(name)!;
  return {
    topicName: { bytes: name, text },
    payload: typeof payload === "string" ? utf8(payload) : payload,
    qos: packet.qos,
    retain: packet.retain,
    packetIdentifier: packet.messageId ?? 0,
    packet: bytes,
    properties,
    userProperties: exact.userProperties,
  };
}

function decodeName(topicName: Uint8Array): string | null {
  return decodeTopicName(topicName, MQTT_TOPIC_NAME_BYTES_MAX);
}

/** Puts the record into the open batch of its partition, and an answer in line. */
function store(client: ClientConnection, publish: Publish, destination: Destination): void {
  const { clientId, services: { store, qos2, clock, counters, retained, delivery } } = client;
  const { qos, packetIdentifier, packet } = publish;
  try {
    if (qos === 2) qos2.checkRoom();
    if (publish.retain) retained.check(publish.topicName.text, publish.payload.length);
    const wanted = delivery.isWanted(publish.topicName.bytes);
    const timestamp = clock.wallMs();
    appendPublication(store, destination, { ...publish, clientId, timestamp, wanted });
  } catch (error) {
    return refuseFor(client, publish, error);
  }
  counters.records.value += 1;
  counters.bytes.value += packet.length;
  const { log } = destination;
  const answer = client.answer(ackOf(publish), packet.length, packet);
  if (publish.retain) retain(client, publish, answer);
  if (qos === 2) return qos2.appended(log, { clientId, packetIdentifier }, answer);
  answer.waitFor();
  log.appended(answer);
}

/** Keeps it for those who subscribe later; the answer waits for that, too. */
function retain(client: ClientConnection, publish: Publish, answer: Answer): void {
  const { clientId, services: { clock, log, qos2, retained } } = client;
  const said = { ...publish, clientId, timestamp: clock.wallMs() };
  answer.waitFor();
  retained.retain(publish.topicName.text, retainedOf(said)).then(
    () => answer.settle(null),
    (error) => {
      if (!isOperatingError(error)) throw error;
      log.warn("mqtt_retained_failed", { code: error.code, error: error.message });
      answer.settle(error);
      if (publish.qos !== 2 || client.protocolVersion !== 5) return;
      // A PUBREC that refuses frees the identifier [MQTT-4.3.3-9].
      qos2.release(clientId, publish.packetIdentifier)?.catch(() => {});
    },
  );
}

function ackOf({ qos, packetIdentifier }: PublishHead, reasonCode = 0): Uint8Array {
  if (qos === 0) return NO_ACK;
  return ackPacket(qos === 1 ? PacketType.Puback : PacketType.Pubrec, packetIdentifier, reasonCode);
}

interface PublishHead {
  readonly qos: number;
  readonly packetIdentifier: number;
}

/** What an answer needs of a publish that cannot be read as one that is stored. */
function publishHead(bytes: Uint8Array, client: ClientConnection): PublishHead {
  const { qos, messageId } = decodePacket(bytes, client.protocolVersion) as IPublishPacket;
  return { qos, packetIdentifier: messageId ?? 0 };
}

function refuseFor(client: ClientConnection, publish: Publish, error: unknown): void {
  if (!isOperatingError(error)) throw error;
  client.services.log.warn("publish_refused", { code: error.code, error: error.message });
  if (client.protocolVersion === 4 && error.code === "storage_full" && publish.qos > 0) {
    // In line behind those that are on their way: they may fail, too, and then come first again.
    client.answer(ackOf(publish), 0, publish.packet).error = error;
    client.stall();
    return client.ready();
  }
  refuse(client, publish, reasonCodeOf(error.code), error);
}

function refuse(
  client: ClientConnection,
  publish: PublishHead,
  reasonCode: ReasonCode,
  error?: OperatingError,
): void {
  if (publish.qos === 0 && error !== undefined && error.retriable) {
    client.services.counters.droppedQos0.value += 1;
    return;
  }
  if (client.protocolVersion === 4 || publish.qos === 0) {
    return client.fail(reasonCode, error?.message ?? "a topic name that may not be published to");
  }
  client.services.counters.refused.value += 1;
  client.services.counters.refusal(reasonCode);
  client.answer(ackOf(publish, reasonCode), 0);
  client.ready();
}
