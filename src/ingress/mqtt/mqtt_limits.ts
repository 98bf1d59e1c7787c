/** What one client, and all of them, may take of the MQTT door; each is a setting. @module */
import { MQTT_CONNECTS_PER_CLIENT_S } from "../../base/door_limits.ts";
import {
  CONNECT_TIMEOUT_MS,
  CONNECTIONS_MAX,
  MQTT_KEPT_BYTES_MAX,
  MQTT_PACKET_BYTES_MAX,
  MQTT_RECEIVE_MAXIMUM,
  SESSIONS_MAX,
} from "../../base/limits.ts";
import {
  MQTT_FRESH_BYTES_MAX,
  MQTT_SUBSCRIPTIONS_MAX,
  MQTT_SUBSCRIPTIONS_PER_CLIENT_MAX,
} from "../../base/mqtt_limits.ts";
import type { PublishRates } from "./paced_connection.ts";

export interface MqttLimits {
  readonly packetBytesMax: number;
  readonly connectionsMax: number;
  /** From one address; null: no limit but that of all. */
  readonly connectionsPerAddressMax: number | null;
  readonly connectTimeoutMs: number;
  /** CONNECTs a second, all clients together; null: no limit. */
  readonly connectsPerSecondMax: number | null;
  /** The same of one client identifier, once its burst is used up. */
  readonly connectsPerClientMax: number;
  /** QoS 1 and 2 publishes of one client that are not answered. */
  readonly receiveMaximum: number;
  readonly subscriptionsMax: number;
  readonly subscriptionsPerClientMax: number;
  /** Sessions that outlive their connections. */
  readonly sessionsMax: number;
  /** What each client may send a second, and all together: they are read no faster. */
  readonly ratesEach: PublishRates;
  readonly ratesAll: PublishRates;
  /** Bytes of wills and topic aliases, all clients together. */
  readonly keptBytesMax: number;
  /** Bytes of what was just committed that wait to be handed out. */
  readonly freshBytesMax: number;
}

const NO_RATES: PublishRates = { bytesPerSecond: null, packetsPerSecond: null };

export const MQTT_LIMITS: MqttLimits = {
  packetBytesMax: MQTT_PACKET_BYTES_MAX,
  connectionsMax: CONNECTIONS_MAX,
  connectionsPerAddressMax: null,
  connectTimeoutMs: CONNECT_TIMEOUT_MS,
  connectsPerSecondMax: null,
  connectsPerClientMax: MQTT_CONNECTS_PER_CLIENT_S,
  receiveMaximum: MQTT_RECEIVE_MAXIMUM,
  subscriptionsMax: MQTT_SUBSCRIPTIONS_MAX,
  subscriptionsPerClientMax: MQTT_SUBSCRIPTIONS_PER_CLIENT_MAX,
  sessionsMax: SESSIONS_MAX,
  ratesEach: NO_RATES,
  ratesAll: NO_RATES,
  keptBytesMax: MQTT_KEPT_BYTES_MAX,
  freshBytesMax: MQTT_FRESH_BYTES_MAX,
};
