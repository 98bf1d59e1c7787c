/** What delivery counts. @module */
import type { Counter, Metrics } from "../../../base/metrics.ts";

export class DeliveryCounters {
  readonly messages: Counter;
  readonly bytes: Counter;
  readonly again: Counter;
  readonly tooLarge: Counter;
  readonly expired: Counter;
  readonly gapRecords: Counter;

  constructor(metrics: Metrics) {
    const counter = (name: string, help: string) => metrics.counter(`logboom_mqtt_${name}`, help);
    this.messages = counter("messages_sent_total", "Messages sent to subscribers.");
    this.bytes = counter("sent_bytes_total", "Bytes of messages sent to subscribers.");
    this.again = counter("messages_sent_again_total", "Messages sent again on a new connection.");
    this.tooLarge = counter(
      "messages_too_large_total",
      "Messages a subscriber did not get: larger than it takes.",
    );
    this.expired = counter(
      "messages_expired_total",
      "Messages that expired before they were sent.",
    );
    this.gapRecords = counter(
      "gap_records_total",
      "Records that retention took before a subscriber had looked at them.",
    );
  }
}
