/**
 * MQTT clients that do what the standard asks of them over any number of connections: sessions that
 * last, publishes sent again until they are acknowledged, and packet identifiers of QoS 2 that are
 * held until their PUBREL. Their state is this process's; their connections break as they like.
 */
import { connect, type Socket } from "node:net";
import mqttPacket from "mqtt-packet";
import type { IPublishPacket, Packet } from "mqtt-packet";
import { sleep } from "./restarted_node.ts";

const AGAIN_MS = 40;
const NEVER_EXPIRES = 0xffff_ffff;

export interface LastingClientOptions {
  readonly clientId: string;
  /** Asked for each connection: the port may change. */
  readonly port: () => number;
  readonly version: 4 | 5;
}

export abstract class LastingClient {
  readonly clientId: string;
  /** CONNACKs that said that the session is gone, though there was one. */
  sessionsLost = 0;
  connections = 0;
  /** What the server did that it may not. */
  readonly faults: string[] = [];
  readonly #options: LastingClientOptions;
  #socket: Socket | null = null;
  #stopped = false;

  constructor(options: LastingClientOptions) {
    this.#options = options;
    this.clientId = options.clientId;
  }

  get isConnected(): boolean {
    return this.#socket !== null;
  }

  /** Connects again and again; resolves after {@linkcode stop}. */
  async run(): Promise<void> {
    while (!this.#stopped) {
      await this.#connection().catch(() => {});
      await sleep(AGAIN_MS);
    }
  }

  stop(): void {
    this.#stopped = true;
    this.cut();
  }

  /** The connection breaks. */
  cut(): void {
    this.#socket?.destroy();
  }

  protected abstract connected(sessionPresent: boolean): void;
  protected abstract received(packet: Packet): void;

  protected send(packet: Packet): void {
    this.#socket?.write(mqttPacket.generate(packet, { protocolVersion: this.#options.version }));
  }

  #connection(): Promise<void> {
    const { clientId, port, version } = this.#options;
    const socket = connect(port(), "127.0.0.1");
    const parser = mqttPacket.parser({ protocolVersion: version });
    const closed = new Promise<void>((resolve) => {
      socket.on("close", () => {
        if (this.#socket === socket) this.#socket = null;
        resolve();
      });
    });
    socket.on("error", () => {});
    socket.on("data", (bytes) => parser.parse(bytes));
    socket.on("connect", () => {
      const properties = version === 5
        ? { properties: { sessionExpiryInterval: NEVER_EXPIRES, receiveMaximum: 50 } }
        : {};
      const packet: Packet = {
        ...{ cmd: "connect", clientId, clean: false, keepalive: 30, ...properties },
        protocolVersion: version,
      };
      socket.write(mqttPacket.generate(packet, { protocolVersion: version }));
    });
    parser.on("error", (error) => this.faults.push(String(error)));
    parser.on("packet", (packet) => {
      if (packet.cmd !== "connack") return this.received(packet);
      if ((packet.returnCode ?? packet.reasonCode) !== 0) return socket.destroy();
      this.#socket = socket;
      this.connections += 1;
      if (!packet.sessionPresent && this.connections > 1) this.sessionsLost += 1;
      this.connected(packet.sessionPresent);
    });
    return closed;
  }
}

interface Sent {
  readonly value: string;
  readonly qos: 1 | 2;
  released: boolean;
}

export interface LastingPublisherOptions extends LastingClientOptions {
  readonly topic: string;
  readonly window: number;
  /** Milliseconds between two publishes; 0 for as fast as the window allows. */
  readonly pauseMs: number;
}

/** Publishes "clientId:n" with QoS 1 and 2 in turn, until it is told to drain. */
export class LastingPublisher extends LastingClient {
  /** What it need not send again, by QoS. */
  readonly acknowledged = { 1: new Set<string>(), 2: new Set<string>() };
  readonly #options: LastingPublisherOptions;
  readonly #inFlight = new Map<number, Sent>();
  #count = 0;
  #draining = false;

  constructor(options: LastingPublisherOptions) {
    super(options);
    this.#options = options;
  }

  /** Publishes nothing new, and resolves once everything is acknowledged to the end. */
  async drain(): Promise<void> {
    this.#draining = true;
    while (this.#inFlight.size > 0) await sleep(AGAIN_MS);
  }

  protected connected(): void {
    for (const [messageId, { released }] of this.#inFlight) {
      if (released) this.send({ cmd: "pubrel", messageId });
      else this.#publish(messageId, true);
    }
    void this.#goOn(this.connections);
  }

  protected received(packet: Packet): void {
    const messageId = (packet as { messageId?: number }).messageId!;
    const sent = this.#inFlight.get(messageId);
    if (packet.cmd === "puback" && sent?.qos === 1) {
      this.acknowledged[1].add(sent.value);
      this.#inFlight.delete(messageId);
    } else if (packet.cmd === "pubrec") {
      if (sent !== undefined) {
        this.acknowledged[2].add(sent.value);
        sent.released = true;
      }
      this.send({ cmd: "pubrel", messageId });
    } else if (packet.cmd === "pubcomp" && sent?.released) {
      this.#inFlight.delete(messageId);
    } else if (packet.cmd !== "disconnect") {
      this.faults.push(`${packet.cmd} ${messageId} was not asked for`);
    }
  }

  async #goOn(connection: number): Promise<void> {
    const { window, pauseMs } = this.#options;
    while (this.isConnected && this.connections === connection && !this.#draining) {
      if (this.#inFlight.size < window) {
        let messageId = this.#count % 65_535 + 1;
        while (this.#inFlight.has(messageId)) messageId = messageId % 65_535 + 1;
        const value = `${this.clientId}:${this.#count++}`;
        const qos = this.#count % 2 === 0 ? 1 : 2;
        this.#inFlight.set(messageId, { value, qos, released: false });
        this.#publish(messageId, false);
      }
      if (pauseMs > 0 || this.#inFlight.size >= window) await sleep(pauseMs);
    }
  }

  #publish(messageId: number, dup: boolean): void {
    const { value: payload, qos } = this.#inFlight.get(messageId)!;
    const { topic } = this.#options;
    this.send({ cmd: "publish", topic, payload, qos, dup, retain: false, messageId });
  }
}

export interface LastingSubscriberOptions extends LastingClientOptions {
  readonly filter: string;
  readonly qos: 1 | 2;
}

/** Subscribes once, and counts what it is given from then on. */
export class LastingSubscriber extends LastingClient {
  /** How often each value came, in the order they came first. */
  readonly counts = new Map<string, number>();
  readonly #options: LastingSubscriberOptions;
  /** Packet identifiers of QoS 2 between PUBLISH and PUBREL, and what was published. */
  readonly #held = new Map<number, string>();
  #subscribed = false;

  constructor(options: LastingSubscriberOptions) {
    super(options);
    this.#options = options;
  }

  get isSubscribed(): boolean {
    return this.#subscribed;
  }

  protected connected(sessionPresent: boolean): void {
    if (!sessionPresent) {
      this.#subscribed = false;
      this.#held.clear();
    }
    if (this.#subscribed) return;
    const { filter: topic, qos } = this.#options;
    this.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic, qos }] });
  }

  protected received(packet: Packet): void {
    if (packet.cmd === "suback") {
      const granted = packet.granted[0];
      if (granted === this.#options.qos) this.#subscribed = true;
      else this.faults.push(`granted ${granted}`);
    } else if (packet.cmd === "publish") this.#published(packet);
    else if (packet.cmd === "pubrel") {
      this.#held.delete(packet.messageId!);
      this.send({ cmd: "pubcomp", messageId: packet.messageId! });
    }
  }

  #published({ qos, messageId = 0, payload, dup }: IPublishPacket): void {
    const value = String(payload);
    if (qos !== 2) {
      this.#count(value);
      if (qos === 1) this.send({ cmd: "puback", messageId });
      return;
    }
    const held = this.#held.get(messageId);
    if (held === undefined) {
      this.#held.set(messageId, value);
      this.#count(value);
    } else if (held !== value || !dup) {
      this.faults.push(`${messageId} stands for ${held}, and now for ${value}`); // [MQTT-2.2.1-4]
    }
    this.send({ cmd: "pubrec", messageId });
  }

  #count(value: string): void {
    this.counts.set(value, (this.counts.get(value) ?? 0) + 1);
  }
}
