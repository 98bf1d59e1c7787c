/**
 * What a record says about the publish it was: the headers of design "MQTT → record". User
 * properties stand behind a prefix of their own, so that no client can forge the others.
 *
 * @module
 */
import { utf8 } from "../../base/bytes.ts";
import type { RecordHeader } from "../../core/record.ts";

/** Of a PUBLISH or a will, as far as headers tell it. */
export interface PublishFacts {
  readonly clientId: string;
  readonly qos: number;
  readonly retain: boolean;
  /** The topic name, where the record's key is not it. */
  readonly topicName: Uint8Array | null;
  readonly properties: PublishProperties;
  readonly userProperties: readonly (readonly [Uint8Array, Uint8Array])[];
}

export interface PublishProperties {
  readonly messageExpiryInterval?: number;
  readonly payloadFormatIndicator?: boolean;
  readonly contentType?: string;
  readonly responseTopic?: string;
  readonly correlationData?: Uint8Array;
}

const USER_PREFIX = "mqtt.user.";
const names = new TextDecoder("utf-8", { ignoreBOM: true });

export function publishHeaders(facts: PublishFacts): RecordHeader[] {
  const { properties } = facts;
  const headers: RecordHeader[] = [];
  if (facts.topicName !== null) headers.push(["mqtt.topic", facts.topicName]);
  headers.push(["mqtt.client_id", utf8(facts.clientId)]);
  headers.push(["mqtt.qos", utf8(String(facts.qos))]);
  if (facts.retain) headers.push(["mqtt.retain", utf8("1")]);
  if (properties.messageExpiryInterval !== undefined) {
    headers.push(["mqtt.expiry_s", utf8(String(properties.messageExpiryInterval))]);
  }
  if (properties.payloadFormatIndicator !== undefined) {
    headers.push(["mqtt.payload_format", utf8(properties.payloadFormatIndicator ? "1" : "0")]);
  }
  if (properties.contentType !== undefined) {
    headers.push(["content-type", utf8(properties.contentType)]);
  }
  if (properties.responseTopic !== undefined) {
    headers.push(["mqtt.response_topic", utf8(properties.responseTopic)]);
  }
  if (properties.correlationData !== undefined) {
    headers.push(["mqtt.correlation_data", properties.correlationData]);
  }
  for (const [name, value] of facts.userProperties) {
    headers.push([USER_PREFIX + names.decode(name), value]);
  }
  return headers;
}

/** Headers of a plain publish of this client, which the core puts on every record itself. */
export function sessionHeaders(clientId: string, qos: number): RecordHeader[] {
  return publishHeaders({
    clientId,
    qos,
    retain: false,
    topicName: null,
    properties: {},
    userProperties: [],
  });
}
