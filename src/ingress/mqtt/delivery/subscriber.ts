/**
 * A connected client as its queue sees it: where messages go, and how much it takes.
 *
 * @module
 */
import type { ProtocolVersion } from "../../../protocol/mqtt/packet_type.ts";

export interface Subscriber {
  readonly protocolVersion: ProtocolVersion;
  /** QoS 1 and 2 messages it takes before it acknowledges some [MQTT-3.3.4-9]. */
  readonly receiveMaximum: number;
  /** MQTT 5: larger packets are not sent to it [MQTT-3.1.2-24]. */
  readonly maximumPacketSize: number;
  /** MQTT 5: topic aliases it remembers. */
  readonly topicAliasMaximum: number;
  /** Writes whole packets; `SessionQueue.drained()` is called when the client took all there was. */
  send(packets: Uint8Array): void;
  /** What must be kept cannot be: the connection ends. */
  fail(error: Error): void;
}
