/** What the MQTT door counts. @module */
import type { Counter, Metrics } from "../../base/metrics.ts";
import type { Transport } from "../../base/net.ts";
import { type ReasonCode, reasonName } from "../../protocol/mqtt/reason_code.ts";

/** Refusals that no packet tells of. */
export type SilentRefusal = "closed_at_once" | "connect_timeout";

export class MqttCounters {
  readonly connects: Counter;
  readonly connectsRefused: Counter;
  readonly records: Counter;
  readonly bytes: Counter;
  readonly refused: Counter;
  readonly droppedQos0: Counter;
  readonly wills: Counter;
  readonly faults: Counter;
  /** Reads that waited because a client had sent too much. */
  readonly held: Counter;
  readonly #metrics: Metrics;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
    const counter = (name: string, help: string) => metrics.counter(`logboom_mqtt_${name}`, help);
    this.connects = counter("connects_total", "Clients that were let in.");
    this.connectsRefused = counter("connects_refused_total", "Connections that were refused.");
    this.records = counter("records_total", "Publishes that became records.");
    this.bytes = counter("received_bytes_total", "Bytes of publishes that became records.");
    this.refused = counter("publishes_refused_total", "Publishes answered with a failure.");
    this.droppedQos0 = counter(
      "publishes_dropped_total",
      "Publishes of QoS 0 that could not be stored; nobody waits for an answer to them.",
    );
    this.wills = counter("wills_total", "Wills published for clients that vanished.");
    this.faults = counter("faults_total", "Connections ended because of what the client sent.");
    this.held = counter("held_reads_total", "Reads that waited for a client's rate limit.");
  }

  /** Something was refused: in a CONNACK, a DISCONNECT, an acknowledgement, or by closing. */
  refusal(reason: ReasonCode | SilentRefusal, count = 1): void {
    const name = typeof reason === "string" ? reason : reasonName(reason);
    this.#metrics.counter(
      "logboom_mqtt_refusals_total",
      "What was refused, by MQTT 5's name of the reason, whichever version was spoken.",
      { reason: name },
    ).value += count;
  }

  /** A client was let in over that transport. */
  letIn(transport: Transport): void {
    this.connects.value += 1;
    this.#metrics.counter(
      "logboom_mqtt_listener_connects_total",
      "Clients that were let in, by what their bytes travel in.",
      { transport },
    ).value += 1;
  }
}
