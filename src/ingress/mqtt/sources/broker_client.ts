/**
 * MQTT.js as a source needs it. It is loaded when the first source begins, since it costs memory
 * that a node without sources should not pay.
 *
 * MQTT.js acknowledges as soon as its message handler calls back, and looks at the next message only
 * then: a message a sync. Here the handler calls back when there is room for more, and the
 * acknowledgement itself is held until the message is durable, so that many share a sync.
 *
 *     PUBLISH QoS 1    handler → PUBACK held → durable → PUBACK
 *     PUBLISH QoS 2    incoming store → PUBREC held → durable → PUBREC; PUBREL → PUBCOMP at once
 *
 * With QoS 2 the record is durable before PUBREC, which is earlier than MQTT.js hands a message out:
 * after `kill -9` the broker sends PUBREL only, and the message with it is gone from memory.
 *
 * @module
 */
import type { IPublishPacket, MqttClient, Packet } from "mqtt";
import {
  SOURCE_CONNECT_TIMEOUT_MS,
  SOURCE_IN_FLIGHT_MAX,
  SOURCE_KEEP_ALIVE_S,
} from "../../../base/door_limits.ts";
import { messageOf } from "../../../base/errors.ts";
import { HeldAcks } from "./held_acks.ts";
import type { SourceSettings } from "./source_settings.ts";

export interface BrokerEvents {
  /** Connected and subscribed. */
  ready(): void;
  /** The connection ended, or never began. */
  closed(): void;
  trouble(message: string): void;
  /**
   * A message came; `stored` is called once it is durable. Resolves when the next may come.
   */
  message(packet: IPublishPacket, stored: () => void): Promise<void>;
}

export interface BrokerClient {
  /** Messages not acknowledged yet. */
  readonly unacknowledged: number;
  /** Begins a connection; `closed` follows sooner or later. */
  connect(): void;
  /** Cuts the connection; what was not acknowledged will come again. */
  drop(): void;
  /** Says goodbye; the broker keeps the session. */
  end(): Promise<void>;
}

export type OpenBroker = (
  settings: SourceSettings,
  events: BrokerEvents,
) => Promise<BrokerClient>;

const FOREVER_S = 0xffffffff;
const REFUSED = 0x80;

export const openBroker: OpenBroker = async (settings, events) => {
  const { connect } = await import("mqtt");
  return new MqttJsBroker(settings, events, connect);
};

/** The one way out of MQTT.js; its handlers write through it by this name. */
interface Sender {
  _sendPacket(packet: Packet, done?: (error?: Error) => void, ...rest: unknown[]): void;
}

type IncomingStore = NonNullable<MqttClient["incomingStore"]>;
type StoreArguments<K extends keyof IncomingStore> = IncomingStore[K] extends
  (...args: infer A) => unknown ? A : never;

class MqttJsBroker implements BrokerClient {
  readonly #settings: SourceSettings;
  readonly #events: BrokerEvents;
  readonly #client: MqttClient;
  readonly #acks = new HeldAcks();
  /** QoS 2 messages between PUBLISH and PUBREL. */
  readonly #unreleased = new Set<number>();

  constructor(
    settings: SourceSettings,
    events: BrokerEvents,
    connect: typeof import("mqtt").connect,
  ) {
    this.#settings = settings;
    this.#events = events;
    const { url, clientId, username, password, version, ca } = settings;
    this.#client = connect(url, {
      ...{ clientId, protocolVersion: version, clean: false, keepalive: SOURCE_KEEP_ALIVE_S },
      ...(username !== null && { username }),
      ...(password !== null && { password }),
      ...(ca !== null && { ca }),
      ...(version === 5 && {
        properties: { sessionExpiryInterval: FOREVER_S, receiveMaximum: SOURCE_IN_FLIGHT_MAX },
      }),
      ...{ manualConnect: true, reconnectPeriod: 0, resubscribe: false, queueQoSZero: false },
      connectTimeout: SOURCE_CONNECT_TIMEOUT_MS,
      incomingStore: this.#incomingStore() as IncomingStore,
    });
    this.#listen();
  }

  get unacknowledged(): number {
    return this.#acks.size;
  }

  connect(): void {
    this.#client.connect();
  }

  drop(): void {
    this.#client.stream?.destroy();
  }

  async end(): Promise<void> {
    await this.#client.endAsync();
  }

  #listen(): void {
    const client = this.#client;
    client.on("connect", () => this.#subscribe());
    client.on("close", () => {
      this.#acks.clear();
      this.#events.closed();
    });
    client.on("error", (error) => this.#events.trouble(messageOf(error)));
    client.handleMessage = (packet, callback) => {
      // A QoS 2 message was taken when it came; this is its release.
      if (packet.qos === 2) return callback();
      const stored = packet.qos === 1 ? this.#acks.expect(packet.messageId!) : () => {};
      this.#events.message(packet, stored).then(() => callback(), callback);
    };
    this.#holdAcks(client as unknown as Sender);
  }

  /** Between its decision to acknowledge and the socket. */
  #holdAcks(sender: Sender): void {
    const client = this.#client;
    const send = sender._sendPacket.bind(sender);
    sender._sendPacket = (packet, done, ...rest) => {
      const { stream } = client;
      const held = (packet.cmd === "puback" || packet.cmd === "pubrec") &&
        this.#acks.hold(packet.messageId!, () => {
          // Never into another connection than the message came by.
          if (client.stream === stream && client.connected) send(packet);
        });
      // It reads on meanwhile.
      if (held) done?.();
      else send(packet, done, ...rest);
    };
  }

  #subscribe(): void {
    const { topics, qos, version } = this.#settings;
    // Retained messages come with a new subscription only, not with each connection.
    const options = version === 5 ? { qos, rh: 1 } : { qos };
    this.#client.subscribe([...topics], options, (error, granted = []) => {
      const refused = granted.filter(({ qos }) => qos >= REFUSED).map(({ topic }) => topic);
      if (refused.length > 0) {
        this.#events.trouble(`the broker refuses ${refused.join(", ")}`);
      } else if (error) {
        this.#events.trouble(messageOf(error));
      }
      if (error && refused.length === 0) this.drop();
      else this.#events.ready();
    });
  }

  /** Where MQTT.js keeps QoS 2 messages between PUBLISH and PUBREL: here they become durable. */
  #incomingStore() {
    const store = {
      put: (...[packet, callback]: StoreArguments<"put">) => {
        this.#takeQos2(packet as IPublishPacket).then(() => callback());
        return store;
      },
      get: (...[{ messageId }, callback]: StoreArguments<"get">) => {
        if (this.#unreleased.has(messageId!)) callback(undefined, releaseOf(messageId!));
        else callback(new Error("not held"));
        return store;
      },
      del: (...[{ messageId }, callback]: StoreArguments<"del">) => {
        this.#unreleased.delete(messageId!);
        callback();
        return store;
      },
      close: (...[callback]: StoreArguments<"close">) => callback(),
    };
    return store;
  }

  /** One that comes again, for want of a PUBREC, becomes a record again: at least once. */
  #takeQos2(packet: IPublishPacket): Promise<void> {
    const messageId = packet.messageId!;
    this.#unreleased.add(messageId);
    return this.#events.message(packet, this.#acks.expect(messageId));
  }
}

/** What MQTT.js wants back for a PUBREL: a message, of which nothing is looked at any more. */
function releaseOf(messageId: number): Packet {
  return { cmd: "publish", topic: "", payload: "", qos: 2, messageId, dup: false, retain: false };
}
