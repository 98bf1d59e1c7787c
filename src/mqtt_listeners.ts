/**
 * Where MQTT is listened for: its plain port, the one under TLS, and what the HTTP ports hand over.
 *
 * @module
 */
import type { Config } from "./config.ts";
import { listenTcp } from "./host/tcp_listener.ts";
import { listenTls, type TlsListener } from "./host/tls_listener.ts";
import { JoinedListener } from "./ingress/mqtt/joined_listener.ts";

interface Address {
  readonly hostname: string;
  readonly port: number;
}

export interface MqttListeners {
  readonly mqtt: Address | null;
  readonly mqtts: Address | null;
  /** All of them, and those that come over WebSocket. */
  readonly joined: JoinedListener;
  /** Reads the certificate again. @throws {OperatingError} when it cannot be used. */
  reload(): void;
}

/** @throws {OperatingError} `invalid_config` when an address or a certificate cannot be used. */
export function listenMqtt(
  { host, mqtt_port, mqtts_port, tls_cert, tls_key }: Pick<
    Config,
    "host" | "mqtt_port" | "mqtts_port" | "tls_cert" | "tls_key"
  >,
): MqttListeners {
  const plain = mqtt_port === null ? null : listenTcp(host, mqtt_port);
  let secure: TlsListener | null = null;
  try {
    if (mqtts_port !== null) {
      const files = { cert: tls_cert!, key: tls_key! };
      secure = listenTls({ hostname: host, port: mqtts_port, files });
    }
  } catch (error) {
    plain?.close();
    throw error;
  }
  return {
    mqtt: plain?.address ?? null,
    mqtts: secure?.address ?? null,
    joined: new JoinedListener([plain, secure].filter((listener) => listener !== null)),
    reload: () => secure?.reload(),
  };
}
