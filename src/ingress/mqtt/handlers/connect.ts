/**
 * CONNECT: who is it, may they, and what do we remember of them. The answer is a CONNACK; a fault
 * before we know which MQTT is spoken just closes [MQTT-3.1.0-1].
 *
 * Everything that MQTT 5 lets a server leave out is there, which is said by saying nothing: Maximum
 * QoS is 2; retained messages, wildcards, subscription identifiers and shared subscriptions are
 * available.
 *
 * @module
 */
import type { IConnackPacket, IConnectPacket } from "mqtt-packet";
import { utf8 } from "../../../base/bytes.ts";
import { isOperatingError } from "../../../base/errors.ts";
import { MQTT_CLIENT_ID_BYTES_MAX, MQTT_TOPIC_ALIAS_MAXIMUM } from "../../../base/limits.ts";
import { randomHex } from "../../../base/random.ts";
import { checkPacket, type ExactBytes } from "../../../protocol/mqtt/packet_check.ts";
import {
  PacketType,
  packetType,
  type ProtocolVersion,
} from "../../../protocol/mqtt/packet_type.ts";
import { connectReturnCode, ReasonCode } from "../../../protocol/mqtt/reason_code.ts";
import type { MqttPrincipal, MqttServices } from "../client_connection.ts";
import type { Will } from "../delayed_wills.ts";
import type { MqttLimits } from "../mqtt_limits.ts";
import { decodePacket, encodePacket } from "../packet_codec.ts";
import { SESSION_NEVER_EXPIRES } from "../session_expiry.ts";
import { willOf } from "../will.ts";

/** A client that is let in, once its session state is open. */
export interface AcceptedConnect {
  readonly protocolVersion: ProtocolVersion;
  readonly clientId: string;
  /** The server chose the client identifier, and must say which. */
  readonly assigned: boolean;
  readonly cleanStart: boolean;
  /** Seconds the session outlives the connection; 0xffffffff for ever. */
  readonly sessionExpiryS: number;
  readonly keepAliveS: number;
  /** MQTT 5: larger packets are not sent to it [MQTT-3.1.2-24]. */
  readonly maximumPacketSize: number;
  /** QoS 1 and 2 messages it takes before it acknowledges some. */
  readonly receiveMaximum: number;
  /** MQTT 5: topic aliases it remembers. */
  readonly topicAliasMaximum: number;
  readonly mayPublish: boolean;
  readonly maySubscribe: boolean;
  readonly will: Will | null;
}

/** A client that is not, and the CONNACK that says why; none where closing says it all. */
export interface RefusedConnect {
  readonly connack: Uint8Array | null;
  readonly reasonCode: ReasonCode;
  readonly state: string;
}

export type ConnectOutcome = AcceptedConnect | RefusedConnect;

/** What a client may where nobody asks who it is. */
const EVERYTHING: MqttPrincipal = { mayPublish: true, maySubscribe: true };
/** MQTT 5 where a client does not say; of MQTT 3.1.1 the server's own limit counts. */
const RECEIVE_MAXIMUM = 65_535;
const PROTOCOL_NAME = "MQTT";
const PROTOCOL_NAME_31 = "MQIsdp";

/** Looks at the first packet of a connection. Never rejects but on a bug. */
export async function handleConnect(
  bytes: Uint8Array,
  services: MqttServices,
): Promise<ConnectOutcome> {
  const version = protocolVersion(bytes);
  if (typeof version !== "number") return version;
  if (services.refusal !== null) return refused(version, services.refusal, "too many connections");
  try {
    const exact = checkPacket(bytes, version);
    const packet = decodePacket(bytes, version) as IConnectPacket;
    return fitting(await letIn(packet, exact, services), packet, services);
  } catch (error) {
    if (!isOperatingError(error)) throw error;
    const reasonCode = error.detail["reason_code"] as ReasonCode | undefined;
    return refused(version, reasonCode ?? ReasonCode.UnspecifiedError, error.message);
  }
}

/** Whether this client may connect, and as whom. */
async function letIn(
  packet: IConnectPacket,
  exact: ExactBytes,
  services: MqttServices,
): Promise<ConnectOutcome> {
  const version = packet.protocolVersion === 5 ? 5 : 4;
  const will = willOf(packet, exact);
  if (will === "invalid") {
    return refused(version, ReasonCode.TopicNameInvalid, "the will's topic name");
  }
  if (packet.properties?.authenticationMethod !== undefined) {
    return refused(version, ReasonCode.BadAuthenticationMethod, "extended authentication");
  }
  const clientId = clientIdOf(packet, services);
  if (clientId === null) {
    return refused(version, ReasonCode.ClientIdentifierNotValid, "the client identifier");
  }
  if (!services.connectRate.mayConnect(clientId)) {
    return refused(version, ReasonCode.ConnectionRateExceeded, "it connects too often");
  }
  const principal = await authenticate(packet, clientId, services);
  if (typeof principal === "number") return refused(version, principal, "the credentials");
  const { mayPublish, maySubscribe } = principal;
  if (will !== null && !mayPublish) {
    return refused(version, ReasonCode.NotAuthorized, "a will it may not publish");
  }
  return { ...acceptedOf(packet, version), clientId, will, mayPublish, maySubscribe };
}

/** A CONNACK larger than the client takes is not sent [MQTT-3.1.2-24]: it is closed without one. */
function fitting(
  outcome: ConnectOutcome,
  { properties }: IConnectPacket,
  { limits }: MqttServices,
): ConnectOutcome {
  const connack = "connack" in outcome ? outcome.connack : connackOf(outcome, true, limits);
  const maximum = properties?.maximumPacketSize ?? Infinity;
  if (connack === null || connack.length <= maximum) return outcome;
  const state = `a Maximum Packet Size of ${maximum} bytes`;
  return { connack: null, reasonCode: ReasonCode.PacketTooLarge, state };
}

export function connackOf(
  accepted: AcceptedConnect,
  sessionPresent: boolean,
  { packetBytesMax, receiveMaximum }: Pick<MqttLimits, "packetBytesMax" | "receiveMaximum">,
): Uint8Array {
  const { protocolVersion, clientId, assigned } = accepted;
  const packet: IConnackPacket = protocolVersion === 4
    ? { cmd: "connack", returnCode: 0, sessionPresent }
    : {
      cmd: "connack",
      reasonCode: ReasonCode.Success,
      sessionPresent,
      properties: {
        receiveMaximum,
        maximumPacketSize: packetBytesMax,
        topicAliasMaximum: MQTT_TOPIC_ALIAS_MAXIMUM,
        ...(assigned ? { assignedClientIdentifier: clientId } : {}), // [MQTT-3.1.3-7]
      },
    };
  return encodePacket(packet, protocolVersion);
}

/** The CONNACK of a refusal; MQTT 3.1.1 has only five [MQTT-3.2.2-5]. */
export function refused(
  version: ProtocolVersion,
  reasonCode: ReasonCode,
  state: string,
): RefusedConnect {
  const returnCode = version === 4 ? connectReturnCode(reasonCode) : reasonCode;
  if (returnCode === null) return { connack: null, reasonCode, state };
  const connack: IConnackPacket = version === 4
    ? { cmd: "connack", returnCode, sessionPresent: false }
    : { cmd: "connack", reasonCode: returnCode, sessionPresent: false };
  return { connack: encodePacket(connack, version), reasonCode, state };
}

/** Closing says it all. */
function closed(reasonCode: ReasonCode, state: string): RefusedConnect {
  return { connack: null, reasonCode, state };
}

/** 4 or 5, or what to answer to anything else. */
function protocolVersion(bytes: Uint8Array): ProtocolVersion | RefusedConnect {
  if (packetType(bytes[0]!) !== PacketType.Connect) {
    return closed(ReasonCode.ProtocolError, "the first packet is not CONNECT");
  }
  let at = 1;
  while (bytes[at]! >= 0x80) at++;
  const nameSize = bytes[at + 1]! * 256 + bytes[at + 2]!;
  const name = new TextDecoder().decode(bytes.subarray(at + 3, at + 3 + nameSize));
  const level = bytes[at + 3 + nameSize];
  if (level === undefined || (name !== PROTOCOL_NAME && name !== PROTOCOL_NAME_31)) {
    return closed(ReasonCode.UnsupportedProtocolVersion, "another protocol"); // [MQTT-3.1.2-1]
  }
  if (name === PROTOCOL_NAME && (level === 4 || level === 5)) return level;
  // [MQTT-3.1.2-2]: each era is answered in its own words.
  return refused(level > 5 ? 5 : 4, ReasonCode.UnsupportedProtocolVersion, `level ${level}`);
}

function clientIdOf({ clientId, clean, protocolVersion }: IConnectPacket, services: MqttServices) {
  if (utf8(clientId).length > MQTT_CLIENT_ID_BYTES_MAX) return null;
  if (clientId !== "") return clientId;
  // [MQTT-3.1.3-8] of 3.1.1; MQTT 5 is given one and told [MQTT-3.1.3-6].
  if (protocolVersion !== 5 && !clean) return null;
  return `logboom-${randomHex(services.random, 8)}`;
}

async function authenticate(
  { username, password }: IConnectPacket,
  clientId: string,
  { authenticate }: MqttServices,
): Promise<ReasonCode | MqttPrincipal> {
  if (authenticate === null) return EVERYTHING;
  const principal = await authenticate({
    username: username ?? null,
    password: password ?? null,
    clientId,
  });
  if (principal === null) return ReasonCode.BadUserNameOrPassword;
  return principal.mayPublish || principal.maySubscribe ? principal : ReasonCode.NotAuthorized;
}

function acceptedOf(packet: IConnectPacket, protocolVersion: ProtocolVersion) {
  const { clean = true, keepalive = 0, properties = {} } = packet;
  // A session of MQTT 3.1.1 that is not clean has no end; it is bounded by how many are kept.
  const lasting = protocolVersion === 4 && !clean;
  return {
    protocolVersion,
    assigned: packet.clientId === "",
    cleanStart: clean,
    sessionExpiryS: lasting ? SESSION_NEVER_EXPIRES : properties.sessionExpiryInterval ?? 0,
    keepAliveS: keepalive,
    maximumPacketSize: properties.maximumPacketSize ?? Number.MAX_SAFE_INTEGER,
    receiveMaximum: properties.receiveMaximum ?? RECEIVE_MAXIMUM,
    topicAliasMaximum: properties.topicAliasMaximum ?? 0,
  };
}
