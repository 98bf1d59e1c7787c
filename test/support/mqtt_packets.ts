/** MQTT packets as a client sends them, written by mqtt-packet, and by hand where it refuses. */
import mqttPacket from "mqtt-packet";
import type { IConnectPacket, IPublishPacket, Packet } from "mqtt-packet";
import type { ProtocolVersion } from "../../src/protocol/mqtt/packet_type.ts";

export function packetOf(packet: Packet, protocolVersion: ProtocolVersion = 4): Uint8Array {
  return Uint8Array.from(mqttPacket.generate(packet, { protocolVersion }));
}

export function connectPacket(
  options: Partial<IConnectPacket> & { protocolVersion?: ProtocolVersion } = {},
): Uint8Array {
  return packetOf({ cmd: "connect", clientId: "c1", clean: true, keepalive: 0, ...options });
}

export function publishPacket(
  options: Partial<IPublishPacket>,
  version: ProtocolVersion = 4,
): Uint8Array {
  const packet: IPublishPacket = {
    cmd: "publish",
    topic: "t",
    payload: "",
    qos: 0,
    dup: false,
    retain: false,
    ...options,
  };
  return packetOf(packet, version);
}
