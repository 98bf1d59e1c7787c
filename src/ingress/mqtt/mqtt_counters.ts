/** What the MQTT door counts. @module */
import type { Counter, Metrics } from "../../base/metrics.ts";

export class MqttCounters {
  readonly connects: Counter;
  readonly connectsRefused: Counter;
  readonly records: Counter;
  readonly bytes: Counter;
  readonly refused: Counter;
  readonly droppedQos0: Counter;
  readonly wills: Counter;
  readonly faults: Counter;

  constructor(metrics: Metrics) {
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
  }
}
