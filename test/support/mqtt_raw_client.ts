/**
 * An MQTT client over TCP that sends whatever bytes a test wants, and reads what comes strictly.
 * It does nothing by itself: no answer, no ping, no reconnect. Every wait is bounded.
 */
import { connect as connectSocket, type Socket } from "node:net";
import process from "node:process";
import {
  ack,
  bytes,
  disconnect,
  type Filter,
  PINGREQ,
  type Properties,
  publish,
  type PublishOptions,
  subscribe,
  type Text,
  unsubscribe,
  type Version,
} from "./mqtt_bytes.ts";
import { readPacket, type Received, type ReceivedType } from "./mqtt_reader.ts";

/** Longer than any answer takes on a loaded machine; only failures wait for it. */
const WAIT_MS = Number(process.env["LOGBOOM_TEST_WAIT_MS"] ?? 10_000);
const HEAD_SIZE = 64;

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** How bytes travel: a socket, or frames of a WebSocket. */
export interface Wire {
  send(bytes: Uint8Array): void;
  /** A text frame, where there are frames. */
  sendText?(text: string): void;
  /** Ends it without a word of MQTT, as a lost network would. */
  drop(): void;
  onBytes(listener: (bytes: Uint8Array) => void): void;
  onEnd(listener: () => void): void;
}

type PublishExtras = Omit<PublishOptions, "version" | "topic" | "payload">;

export class RawMqttClient {
  readonly version: Version;
  /** Of the CONNACK, once there is one. */
  connack: Received | null = null;
  #wire: Wire;
  #inbox: Received[] = [];
  #head: Uint8Array = bytes();
  #unread: Uint8Array = bytes();
  #fault: Error | null = null;
  #ended = false;
  #lastId = 0;
  readonly #watchers = new Set<() => void>();

  constructor(wire: Wire, version: Version) {
    this.#wire = wire;
    this.version = version;
    wire.onBytes((chunk) => this.#read(chunk));
    wire.onEnd(() => {
      this.#ended = true;
      this.#wake();
    });
  }

  /** Over a WebSocket, whose frames carry whatever is sent. */
  static async openWebSocket(url: string, version: Version): Promise<RawMqttClient> {
    const { wire, opened } = webSocketWire(url);
    const client = new RawMqttClient(wire, version);
    await opened;
    return client;
  }

  static async open(address: Address, version: Version): Promise<RawMqttClient> {
    return new RawMqttClient(await openSocket(address), version);
  }

  /** What has come and has not been taken. */
  get inbox(): readonly Received[] {
    return this.#inbox;
  }

  /** The first bytes that came, packets or not. */
  get head(): Uint8Array {
    return this.#head;
  }

  nextId(): number {
    return ++this.#lastId;
  }

  send(...packets: readonly Uint8Array[]): void {
    this.#wire.send(bytes(...packets));
  }

  sendText(text: string): void {
    this.#wire.sendText!(text);
  }

  /** The next packet, whatever it is. */
  async next(): Promise<Received> {
    await this.#until("the next packet", () => this.#inbox.length > 0);
    return this.#inbox.shift()!;
  }

  /** The next packet of this type; what came before it stays. */
  async take(type: ReceivedType, id?: number, waitMs = WAIT_MS): Promise<Received> {
    const find = () =>
      this.#inbox.findIndex((one) => one.type === type && (id === undefined || one.id === id));
    const what = `${type}${id === undefined ? "" : ` ${id}`}`;
    await this.#until(what, () => find() >= 0, { waitMs });
    return this.#inbox.splice(find(), 1)[0]!;
  }

  /** Waits until the server has closed, and returns what it said before. */
  async ended(): Promise<Received[]> {
    await this.#until("the end of the connection", () => this.#ended, { toTheEnd: true });
    if (this.#fault !== null) throw this.#fault;
    return this.#inbox.splice(0);
  }

  get isEnded(): boolean {
    return this.#ended;
  }

  drop(): void {
    this.#wire.drop();
  }

  /** Leaves as a client should. */
  async leave(reasonCode?: number, list?: Properties): Promise<void> {
    this.send(disconnect(reasonCode, list));
    await this.ended();
  }

  /** Everything sent before has been looked at once this returns. */
  async ping(): Promise<void> {
    this.send(PINGREQ);
    await this.take("pingresp");
  }

  subscribe(...filters: readonly (Text | Filter)[]): Promise<Received> {
    return this.subscribeWith([], ...filters);
  }

  async subscribeWith(
    properties: Properties,
    ...filters: readonly (Text | Filter)[]
  ): Promise<Received> {
    const id = this.nextId();
    const all = filters.map(filterOf);
    this.send(subscribe({ version: this.version, id, filters: all, properties }));
    return await this.take("suback", id);
  }

  async unsubscribe(...filters: readonly Text[]): Promise<Received> {
    const id = this.nextId();
    this.send(unsubscribe({ version: this.version, id, filters }));
    return await this.take("unsuback", id);
  }

  /** Publishes, and sees the exchange of its QoS through. Returns the PUBACK or PUBREC. */
  async publish(
    topic: Text,
    payload: Text = "",
    extras: PublishExtras = {},
  ): Promise<Received | null> {
    const { qos = 0 } = extras;
    const id = extras.id ?? this.nextId();
    this.send(publish({ version: this.version, topic, payload, ...extras, id }));
    if (qos === 0) return null;
    if (qos === 1) return await this.take("puback", id);
    const pubrec = await this.take("pubrec", id);
    if (pubrec.code < 0x80) {
      this.send(ack("pubrel", id));
      await this.take("pubcomp", id);
    }
    return pubrec;
  }

  /** The next message, answered as its QoS wants. */
  async message(): Promise<Received> {
    const message = await this.take("publish");
    if (message.qos === 1) this.send(ack("puback", message.id));
    if (message.qos === 2) {
      this.send(ack("pubrec", message.id));
      await this.take("pubrel", message.id);
      this.send(ack("pubcomp", message.id));
    }
    return message;
  }

  /** Messages up to one with this payload, which is not among them. */
  async messagesUntil(last: string): Promise<Received[]> {
    const messages: Received[] = [];
    while (true) {
      const message = await this.message();
      if (message.payload === last) return messages;
      messages.push(message);
    }
  }

  #read(chunk: Uint8Array): void {
    if (this.#head.length < HEAD_SIZE) this.#head = bytes(this.#head, chunk.slice(0, HEAD_SIZE));
    this.#unread = bytes(this.#unread, chunk);
    try {
      while (this.#unread.length > 0) {
        const packet = readPacket(this.#unread, this.version);
        if (packet === null) break;
        this.#unread = this.#unread.subarray(packet.size);
        this.#inbox.push(packet);
      }
    } catch (error) {
      this.#fault ??= new Error(`The server broke the protocol: ${(error as Error).message}`);
    }
    this.#wake();
  }

  #wake(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  #until(
    what: string,
    holds: () => boolean,
    { toTheEnd = false, waitMs = WAIT_MS } = {},
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error: Error | null) => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        if (error === null) resolve();
        else reject(error);
      };
      const fail = (why: string) => {
        const seen = this.#inbox.slice(-8).map(({ type, code }) => `${type} ${code}`).join(", ");
        settle(new Error(`Waited for ${what}: ${why} (last not taken: ${seen || "nothing"})`));
      };
      const look = () => {
        if (this.#fault !== null && !toTheEnd) settle(this.#fault);
        else if (holds()) settle(null);
        else if (this.#ended) fail("the server closed the connection");
      };
      const timer = setTimeout(() => fail(`not within ${waitMs} ms`), waitMs);
      this.#watchers.add(look);
      look();
    });
  }
}

function filterOf(filter: Text | Filter): Filter {
  return typeof filter === "string" || filter instanceof Uint8Array ? { filter } : filter;
}

async function openSocket({ host, port }: Address): Promise<Wire> {
  const socket: Socket = connectSocket({ host, port, noDelay: true });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  // A reset is an end like any other; "close" follows it.
  socket.on("error", () => {});
  return {
    send: (bytes) => void socket.write(bytes),
    drop: () => void socket.destroy(),
    onBytes: (listener) => void socket.on("data", listener),
    onEnd: (listener) => {
      socket.on("end", listener);
      socket.on("close", listener);
    },
  };
}

function webSocketWire(url: string): { wire: Wire; opened: Promise<void> } {
  const socket = new WebSocket(url, ["mqtt"]);
  socket.binaryType = "arraybuffer";
  const opened = new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => {
      if (socket.protocol === "mqtt") resolve(); // [MQTT-6.0.0-4]
      else reject(new Error(`The server chose the protocol "${socket.protocol}"`));
    });
    socket.addEventListener("error", () => reject(new Error(`Cannot open ${url}`)));
  });
  const wire: Wire = {
    send: (bytes) => socket.send(bytes as Uint8Array<ArrayBuffer>),
    drop: () => socket.close(),
    onBytes: (listener) =>
      socket.addEventListener("message", ({ data }) => {
        // [MQTT-6.0.0-1]: a text frame is none of MQTT's, and reads as malformed.
        listener(typeof data === "string" ? bytes(0) : new Uint8Array(data as ArrayBuffer));
      }),
    onEnd: (listener) => socket.addEventListener("close", listener),
  };
  return { wire: { ...wire, sendText: (text) => socket.send(text) }, opened };
}
