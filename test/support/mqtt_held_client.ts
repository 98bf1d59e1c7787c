/** A connected client in memory that understands what it is sent. */
import mqttPacket from "mqtt-packet";
import type { IConnectPacket, IPublishPacket, Packet } from "mqtt-packet";
import type { ProtocolVersion } from "../../src/protocol/mqtt/packet_type.ts";
import { packetSize, PacketType, packetType } from "../../src/protocol/mqtt/packet_type.ts";
import type { HeldConnection } from "./held_connection.ts";
import { type MqttFixture, settle } from "./mqtt_fixture.ts";
import { connectPacket, packetOf, publishPacket } from "./mqtt_packets.ts";

interface Asked {
  readonly topic: string;
  readonly qos?: 0 | 1 | 2;
  readonly nl?: boolean;
  readonly rap?: boolean;
  readonly rh?: number;
}

export class HeldClient {
  readonly connection: HeldConnection;
  readonly version: ProtocolVersion;
  sessionPresent = false;
  #messageId = 0;

  private constructor(connection: HeldConnection, version: ProtocolVersion) {
    this.connection = connection;
    this.version = version;
  }

  static async connect(
    fixture: MqttFixture,
    options: Partial<IConnectPacket> & { protocolVersion?: ProtocolVersion } = {},
  ): Promise<HeldClient> {
    const connection = await fixture.open();
    connection.push(connectPacket(options));
    await connection.untilWritten(4);
    // CONNACK leaves by itself.
    const connack = connection.writes.shift()!;
    const client = new HeldClient(connection, options.protocolVersion ?? 4);
    client.sessionPresent = connack[2] === 1;
    return client;
  }

  send(packet: Packet): void {
    this.connection.push(packetOf(packet, this.version));
  }

  publish(options: Partial<IPublishPacket>): void {
    const messageId = options.qos ? ++this.#messageId : undefined;
    const packet = { ...options, ...(messageId && { messageId }) };
    this.connection.push(publishPacket(packet, this.version));
  }

  /** Subscribes, and forgets what was written before it was granted. Returns what was granted. */
  async subscribe(asked: readonly (Asked | string)[], identifier?: number): Promise<number[]> {
    const subscriptions = asked.map((one) =>
      typeof one === "string" ? { topic: one, qos: 1 as const } : { qos: 1 as const, ...one }
    );
    const properties = identifier === undefined ? {} : { subscriptionIdentifier: identifier };
    const messageId = ++this.#messageId;
    this.send({ cmd: "subscribe", messageId, subscriptions, properties } as Packet);
    const suback = await this.until("suback", 1);
    this.#forgetThrough(PacketType.Suback);
    return (suback[0] as { granted: number[] }).granted;
  }

  async unsubscribe(...unsubscriptions: string[]): Promise<void> {
    this.send({ cmd: "unsubscribe", messageId: ++this.#messageId, unsubscriptions });
    await this.until("unsuback", 1);
    this.#forgetThrough(PacketType.Unsuback);
  }

  /** All that was written so far, as packets. */
  get packets(): Packet[] {
    const packets: Packet[] = [];
    const parser = mqttPacket.parser({ protocolVersion: this.version });
    parser.on("packet", (packet) => packets.push(packet));
    const { written } = this.connection;
    for (let at = 0; at < written.length;) {
      const size = packetSize(written, at);
      parser.parse(written.slice(at, at + size) as Parameters<typeof parser.parse>[0]);
      at += size;
    }
    return packets;
  }

  get publishes(): IPublishPacket[] {
    return this.packets.filter((packet) => packet.cmd === "publish");
  }

  /** "topic payload" of each message so far. */
  get messages(): string[] {
    return this.publishes.map(({ topic, payload }) => `${topic} ${payload}`);
  }

  /** Resolves to the packets of that kind once there are so many. */
  async until(cmd: Packet["cmd"], count: number): Promise<Packet[]> {
    for (let turn = 0;; turn++) {
      const found = this.packets.filter((packet) => packet.cmd === cmd);
      if (found.length >= count) return found;
      if (turn > 200) throw new Error(`${found.length} of ${count} ${cmd} came`);
      await settle();
    }
  }

  async untilPublishes(count: number): Promise<IPublishPacket[]> {
    return await this.until("publish", count) as IPublishPacket[];
  }

  /** Acknowledges every message of QoS 1 so far. */
  acknowledge(publishes: readonly IPublishPacket[] = this.publishes): void {
    for (const { qos, messageId } of publishes) {
      if (qos === 1) this.send({ cmd: "puback", messageId: messageId! });
    }
  }

  #forgetThrough(type: number): void {
    const { written, writes } = this.connection;
    for (let at = 0; at < written.length;) {
      const found = packetType(written[at]!) === type;
      at += packetSize(written, at);
      if (!found) continue;
      writes.splice(0, writes.length, written.slice(at));
      return;
    }
  }

  forget(): void {
    this.connection.writes.length = 0;
  }

  /** The connection breaks. */
  async drop(): Promise<void> {
    this.connection.push(null);
    await this.connection.untilClosed();
    await settle();
  }
}
