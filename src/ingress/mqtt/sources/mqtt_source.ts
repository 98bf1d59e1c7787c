/**
 * One broker this node subscribes to. A message of it becomes a record as a publish would, and the
 * broker hears that it was taken only after our sync: what it acknowledged to its publisher is there,
 * or here. It keeps our session, so that what comes while we are away waits there.
 *
 *     waiting      until it is called again, after a failure longer each time
 *     connecting   called; not answered yet, or not subscribed yet
 *     connected    messages come
 *     stopped
 *
 * A record that cannot be stored for want of room is not acknowledged: the connection is cut, and the
 * broker sends it again. One that can never be stored is counted, logged and acknowledged, since it
 * would come again for ever.
 *
 * @module
 */
import type { IPublishPacket } from "mqtt";
import { utf8 } from "../../../base/bytes.ts";
import type { Clock, Timers } from "../../../base/clock.ts";
import { SOURCE_BACKOFF_MS_MAX, SOURCE_BACKOFF_MS_MIN } from "../../../base/door_limits.ts";
import { type ErrorCode, isOperatingError, OperatingError } from "../../../base/errors.ts";
import { MQTT_TOPIC_NAME_BYTES_MAX } from "../../../base/limits.ts";
import type { LogFields } from "../../../base/log.ts";
import type { Counter, Metrics } from "../../../base/metrics.ts";
import type { Random } from "../../../base/random.ts";
import { decodeTopicName } from "../../../protocol/mqtt/topic_name.ts";
import { type Admission, AdmissionGate } from "../../admission.ts";
import type { AppendTarget } from "../../record_appender.ts";
import type { ClientLog } from "../client_log.ts";
import { appendPublication, type Publication } from "../publication.ts";
import type { RouteTable } from "../route_table.ts";
import type { BrokerClient, OpenBroker } from "./broker_client.ts";
import type { SourceSettings } from "./source_settings.ts";

export type SourceState = "waiting" | "connecting" | "connected" | "stopped";

/** It would come again for ever. */
const NEVER_STORED: ReadonlySet<ErrorCode> = new Set(["invalid_topic", "record_too_large"]);

export interface MqttSourceOptions {
  readonly settings: SourceSettings;
  readonly store: AppendTarget;
  readonly routes: Pick<RouteTable, "resolve">;
  readonly admission: Admission;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: ClientLog;
  readonly metrics: Metrics;
  readonly openBroker: OpenBroker;
}

export class MqttSource {
  readonly settings: SourceSettings;
  readonly messages: Counter;
  readonly bytes: Counter;
  readonly dropped: Counter;
  readonly connects: Counter;
  /** The last thing that went wrong, until it is connected again. */
  error: string | null = null;
  /** When the last message came; null where none has yet. */
  lastMessageMs: number | null = null;
  readonly #options: MqttSourceOptions;
  readonly #gate: AdmissionGate;
  #state: SourceState = "waiting";
  #broker: BrokerClient | null = null;
  #failures = 0;
  #cancelWait: (() => void) | null = null;

  constructor(options: MqttSourceOptions) {
    this.#options = options;
    this.settings = options.settings;
    this.#gate = new AdmissionGate(options.admission);
    const labels = { source: this.settings.name };
    const counter = (name: string, help: string) =>
      options.metrics.counter(`logboom_mqtt_source_${name}_total`, help, labels);
    this.messages = counter("messages", "Messages of a broker that became records.");
    this.bytes = counter("bytes", "Payload bytes of them.");
    this.dropped = counter("dropped", "Messages of a broker that can never be stored.");
    this.connects = counter("connects", "Times a broker was connected to.");
    options.metrics.gauge(
      "logboom_mqtt_source_connected",
      "Whether a broker is connected and subscribed to.",
      () => this.#state === "connected" ? 1 : 0,
      labels,
    );
  }

  get state(): SourceState {
    return this.#state;
  }

  /** Messages the broker waits to be acknowledged. */
  get unacknowledged(): number {
    return this.#broker?.unacknowledged ?? 0;
  }

  async start(): Promise<void> {
    this.#broker = await this.#options.openBroker(this.settings, {
      ready: () => this.#ready(),
      closed: () => this.#closed(),
      trouble: (message) => this.#trouble(message),
      message: (packet, stored) => this.#take(packet, stored),
    });
    this.#connect();
  }

  /** Takes no more; what was taken is acknowledged when it is durable, or comes again. */
  async stop(): Promise<void> {
    this.#state = "stopped";
    this.#cancelWait?.();
    this.#gate.close();
    await this.#broker?.end();
  }

  #connect(): void {
    this.#cancelWait = null;
    this.#state = "connecting";
    this.#broker!.connect();
  }

  #ready(): void {
    if (this.#state === "stopped") return;
    this.#state = "connected";
    this.#failures = 0;
    this.error = null;
    this.connects.value += 1;
    this.#log("mqtt_source_connected");
  }

  #closed(): void {
    if (this.#state === "stopped" || this.#state === "waiting") return;
    const { timers, random } = this.#options;
    this.#state = "waiting";
    const capMs = Math.min(SOURCE_BACKOFF_MS_MAX, SOURCE_BACKOFF_MS_MIN * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 16);
    // Half of it by chance, so that the gateways of a site do not come back in step.
    const waitMs = Math.round(capMs * (0.5 + random.next() / 2));
    this.#log("mqtt_source_disconnected", { wait_ms: waitMs });
    this.#cancelWait = timers.after(waitMs, () => this.#connect());
  }

  #trouble(message: string): void {
    this.error = message;
    this.#log("mqtt_source_failed", { error: message });
  }

  async #take(packet: IPublishPacket, stored: () => void): Promise<void> {
    const publication = publicationOf(packet);
    const size = publication.payload.length;
    await this.#gate.entered(size);
    if (this.#state === "stopped") return;
    const settle = (error: OperatingError | null) => {
      // What was held for it was given back when it stopped.
      if (this.#state === "stopped") return;
      this.#gate.source.leave(size);
      if (this.#isDone(publication, error)) stored();
    };
    try {
      await this.#append(publication, settle);
    } catch (error) {
      if (!isOperatingError(error)) throw error;
      settle(error);
    }
  }

  async #append(
    publication: Publication,
    settle: (error: OperatingError | null) => void,
  ): Promise<void> {
    const { store, clock, routes } = this.#options;
    const { clientId } = this.settings;
    const { topicName } = publication;
    const valid = decodeTopicName(topicName.bytes, MQTT_TOPIC_NAME_BYTES_MAX) !== null;
    const destination = valid ? await routes.resolve(topicName, clientId) : null;
    if (destination === null) {
      throw new OperatingError(
        "invalid_topic",
        `Cannot take "${topicName.text}" from ${this.settings.name}: no topic may be named so`,
      );
    }
    appendPublication(store, destination, { ...publication, clientId, timestamp: clock.wallMs() });
    destination.log.appended({ committed: (_log, error) => settle(error) });
  }

  /** Whether the broker may forget it. */
  #isDone({ payload }: Publication, error: OperatingError | null): boolean {
    this.lastMessageMs = this.#options.clock.wallMs();
    if (error === null) {
      this.messages.value += 1;
      this.bytes.value += payload.length;
      return true;
    }
    if (NEVER_STORED.has(error.code)) {
      this.dropped.value += 1;
      this.#log("mqtt_source_message_dropped", { error: error.message });
      return true;
    }
    this.#trouble(error.message);
    this.#broker?.drop();
    return false;
  }

  #log(event: string, fields: LogFields = {}): void {
    this.#options.log.info(event, { source: this.settings.name, ...fields });
  }
}

function publicationOf(
  { topic, payload, qos, retain, properties = {} }: IPublishPacket,
): Publication {
  const { userProperties = {} } = properties;
  const pairs = Object.entries(userProperties).flatMap(([name, values]) =>
    [values].flat().map((value) => [utf8(name), utf8(value)] as const)
  );
  return {
    topicName: { bytes: utf8(topic), text: topic },
    payload: typeof payload === "string" ? utf8(payload) : payload,
    ...{ qos, retain, properties, userProperties: pairs },
  };
}
