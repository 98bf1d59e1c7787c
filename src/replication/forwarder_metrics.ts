/**
 * What a forwarder measures beside its status.
 *
 * @module
 */
import type { Counter, Histogram, Metrics } from "../base/metrics.ts";
import { classNameOf, type LinkClass } from "./budget/link_class.ts";
import type { ForwarderStatus } from "./forwarder_options.ts";

const LIVE_DELAY_BUCKETS_S = [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 15, 60] as const;

export class ForwarderMetrics {
  readonly #metrics: Metrics;
  readonly #bytes = new Map<string, Counter>();
  readonly #liveDelay: Histogram;

  constructor(metrics: Metrics, status: () => ForwarderStatus) {
    this.#metrics = metrics;
    this.#liveDelay = metrics.histogram(
      "logboom_replication_live_delay_seconds",
      "Age of the newest record of a live lane when the upstream acknowledged it",
      LIVE_DELAY_BUCKETS_S,
    );
    const gauge = (name: string, help: string, value: (status: ForwarderStatus) => number) =>
      metrics.gauge(`logboom_replication_${name}`, help, () => value(status()));
    gauge("lag_records", "Records not yet held by the upstream", ({ lagRecords }) => lagRecords);
    gauge(
      "connected",
      "1 while the last request to the upstream succeeded, else 0",
      ({ state }) => state === "connected" ? 1 : 0,
    );
    gauge(
      "loop",
      "1 while the upstream refuses this node, because what it sends would come back to it",
      ({ errorCode }) => errorCode === "loop_detected" ? 1 : 0,
    );
    gauge(
      "lanes_waiting",
      "Partitions the upstream refuses while it takes others",
      ({ lanesWaiting }) => lanesWaiting,
    );
    gauge(
      "lanes_split",
      "Partitions whose live records go ahead of a backlog",
      ({ lanesSplit }) => lanesSplit,
    );
    gauge(
      "backlog_bytes",
      "Bytes on disk not yet held by the upstream, live records left out",
      ({ backlogBytes }) => backlogBytes,
    );
    gauge(
      "rate_bytes_per_second",
      "What the link was last seen to deliver when it was busy",
      ({ bytesPerSecond }) => bytesPerSecond,
    );
    gauge(
      "catch_up_seconds",
      "Seconds until the backlog is delivered, as it goes now; -1 when not known",
      ({ catchUpSeconds }) => catchUpSeconds ?? -1,
    );
  }

  /** Bytes of a request's body were handed to the link. */
  sent(linkClass: LinkClass, bytes: number): void {
    const name = classNameOf(linkClass);
    let counter = this.#bytes.get(name);
    if (counter === undefined) {
      counter = this.#metrics.counter(
        "logboom_replication_class_bytes_total",
        "Bytes of append requests, by the class they went in",
        { class: name },
      );
      this.#bytes.set(name, counter);
    }
    counter.value += bytes;
  }

  liveDelay(delayMs: number): void {
    this.#liveDelay.observe(delayMs / 1_000);
  }
}
