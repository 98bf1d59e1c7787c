/**
 * What the server says of itself, under "$SYS/broker/": as retained messages to whoever subscribes,
 * and again when they change. They are in no log, and nobody else may publish there
 * [MQTT-4.7.2-1].
 *
 *     version                      uptime                     seconds, as "17 seconds"
 *     clients/connected            sessions/count             those that outlive their connections
 *     messages/received            messages/sent              publishes, of any QoS
 *     subscriptions/count          retained messages/count
 *
 * @module
 */
import { utf8 } from "../../../base/bytes.ts";
import type { Clock } from "../../../base/clock.ts";
import { TopicFilter } from "../../../protocol/mqtt/topic_filter.ts";
import { Message } from "../delivery/message.ts";
import type { RetainedSource } from "../delivery/retained_source.ts";

/** What can be asked at any time. */
export interface SysFacts {
  readonly uptimeS: () => number;
  readonly clientsConnected: () => number;
  readonly sessions: () => number;
  readonly messagesReceived: () => number;
  readonly messagesSent: () => number;
  readonly subscriptions: () => number;
  readonly retained: () => number;
}

const ROOT = "$SYS/broker/";
const VERSION = "logboom";

export class SysTopics implements RetainedSource {
  readonly #clock: Clock;
  readonly #values: readonly (readonly [topicName: string, value: () => string])[];
  /** As they were published last. */
  readonly #published = new Map<string, string>();

  constructor(clock: Clock, facts: SysFacts) {
    this.#clock = clock;
    const numbers: readonly (readonly [string, () => number])[] = [
      ["clients/connected", facts.clientsConnected],
      ["sessions/count", facts.sessions],
      ["messages/received", facts.messagesReceived],
      ["messages/sent", facts.messagesSent],
      ["subscriptions/count", facts.subscriptions],
      ["retained messages/count", facts.retained],
    ];
    this.#values = [
      [`${ROOT}version`, () => VERSION],
      [`${ROOT}uptime`, () => `${facts.uptimeS()} seconds`],
      ...numbers.map(([name, value]) => [ROOT + name, () => String(value())] as const),
    ];
  }

  *matching(filter: string): Iterable<Message> {
    if (!filter.startsWith("$SYS")) return; // No wildcard stands for "$SYS" [MQTT-4.7.2-1].
    const parsed = TopicFilter.parse(filter);
    for (const [topicName, value] of this.#values) {
      if (parsed.matches(topicName)) yield this.#message(topicName, value());
    }
  }

  /** Once in a while: what is not as it was. */
  *changed(): Iterable<Message> {
    for (const [topicName, value] of this.#values) {
      const now = value();
      if (this.#published.get(topicName) === now) continue;
      this.#published.set(topicName, now);
      yield this.#message(topicName, now);
    }
  }

  #message(topicName: string, value: string): Message {
    const headers = [["mqtt.qos", utf8("0")], ["mqtt.retain", utf8("1")]] as const;
    const timestamp = this.#clock.wallMs();
    return new Message(utf8(topicName), { timestamp, key: null, value: utf8(value), headers });
  }
}
