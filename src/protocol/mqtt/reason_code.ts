/**
 * MQTT 5 reason codes, what an OperatingError is in them, and what MQTT 3.1.1 has instead.
 *
 * A PUBACK and a PUBREC may carry only nine of them (0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91,
 * 0x97, 0x99); 0x95 belongs to DISCONNECT, so a message over its topic's limit is 0x97.
 *
 * Source: MQTT 5 §2.4; MQTT 3.1.1 §3.2.2.3.
 *
 * @module
 */
import type { ErrorCode } from "../../base/errors.ts";

export const ReasonCode = {
  Success: 0x00,
  DisconnectWithWill: 0x04,
  NoMatchingSubscribers: 0x10,
  NoSubscriptionExisted: 0x11,
  UnspecifiedError: 0x80,
  MalformedPacket: 0x81,
  ProtocolError: 0x82,
  ImplementationSpecificError: 0x83,
  UnsupportedProtocolVersion: 0x84,
  ClientIdentifierNotValid: 0x85,
  BadUserNameOrPassword: 0x86,
  NotAuthorized: 0x87,
  ServerUnavailable: 0x88,
  ServerBusy: 0x89,
  ServerShuttingDown: 0x8b,
  BadAuthenticationMethod: 0x8c,
  KeepAliveTimeout: 0x8d,
  SessionTakenOver: 0x8e,
  TopicFilterInvalid: 0x8f,
  TopicNameInvalid: 0x90,
  PacketIdentifierNotFound: 0x92,
  ReceiveMaximumExceeded: 0x93,
  TopicAliasInvalid: 0x94,
  PacketTooLarge: 0x95,
  MessageRateTooHigh: 0x96,
  QuotaExceeded: 0x97,
  AdministrativeAction: 0x98,
  PayloadFormatInvalid: 0x99,
  ConnectionRateExceeded: 0x9f,
} as const;

export type ReasonCode = typeof ReasonCode[keyof typeof ReasonCode];

const OF_ERROR: Partial<Record<ErrorCode, ReasonCode>> = {
  forbidden: ReasonCode.NotAuthorized,
  invalid_topic: ReasonCode.TopicNameInvalid,
  overloaded: ReasonCode.QuotaExceeded,
  quota_exceeded: ReasonCode.QuotaExceeded,
  record_too_large: ReasonCode.QuotaExceeded,
  shutting_down: ReasonCode.ImplementationSpecificError,
  storage_full: ReasonCode.QuotaExceeded,
  too_many_partitions: ReasonCode.QuotaExceeded,
  too_many_topics: ReasonCode.QuotaExceeded,
  unauthorized: ReasonCode.NotAuthorized,
};

/** What a PUBACK or PUBREC says about an error; always 0x80 or above, so never an acceptance. */
export function reasonCodeOf(code: ErrorCode): ReasonCode {
  return OF_ERROR[code] ?? ReasonCode.UnspecifiedError;
}

const CONNECT_RETURN_CODES: ReadonlyMap<number, number> = new Map([
  [ReasonCode.Success, 0x00],
  [ReasonCode.UnsupportedProtocolVersion, 0x01],
  [ReasonCode.ClientIdentifierNotValid, 0x02],
  [ReasonCode.ServerUnavailable, 0x03],
  [ReasonCode.ServerBusy, 0x03],
  [ReasonCode.QuotaExceeded, 0x03],
  [ReasonCode.ConnectionRateExceeded, 0x03],
  [ReasonCode.UnspecifiedError, 0x03],
  [ReasonCode.BadUserNameOrPassword, 0x04],
  [ReasonCode.NotAuthorized, 0x05],
]);

/** CONNACK return code of MQTT 3.1.1; null where it has none and the connection just closes. */
export function connectReturnCode(reasonCode: ReasonCode): number | null {
  return CONNECT_RETURN_CODES.get(reasonCode) ?? null;
}

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(ReasonCode).map(([name, code]) => [
    code,
    name.replaceAll(/(?<!^)[A-Z]/g, "_$&").toLowerCase(),
  ]),
);

/** As labels of metrics have it: "quota_exceeded". */
export function reasonName(code: ReasonCode): string {
  return NAMES.get(code) ?? "other";
}
