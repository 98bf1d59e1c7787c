/**
 * The Prometheus side of base/metrics.ts: the rooms add to plain numbers, and these are read when
 * somebody scrapes.
 *
 * @module
 */
import {
  Counter as PromCounter,
  Gauge as PromGauge,
  Histogram as PromHistogram,
  Registry,
} from "prom-client";
import { assert } from "../../base/assert.ts";
import type { Counter, Histogram, Labels, Metrics } from "../../base/metrics.ts";

/** A series of a name: its labels, and where its value is read. */
interface Series {
  readonly labels: Labels;
  read(): number;
}

const NAME = /^logboom_[a-z0-9_]+$|^process_[a-z0-9_]+$/;

export class PrometheusMetrics implements Metrics {
  readonly #registry = new Registry();
  readonly #counters = new Map<string, Map<string, Counter>>();
  readonly #series = new Map<string, Map<string, Series>>();
  readonly #histograms = new Map<string, PromHistogram>();

  /** What `/metrics` answers with. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  counter(name: string, help: string, labels: Labels = {}): Counter {
    assert(name.endsWith("_total"), `counter ${name} ends with _total`);
    const counters = this.#counters.get(name) ?? new Map<string, Counter>();
    this.#counters.set(name, counters);
    const key = keyOf(labels);
    const existing = counters.get(key);
    if (existing !== undefined) return existing;
    const counter: Counter = { value: 0 };
    counters.set(key, counter);
    this.#seriesOf(name, labels, (series) => {
      new PromCounter({
        name,
        help,
        labelNames: Object.keys(labels),
        registers: [this.#registry],
        collect() {
          this.reset();
          for (const { labels, read } of series.values()) this.inc(labels, read());
        },
      });
    }).set(key, { labels, read: () => counter.value });
    return counter;
  }

  gauge(name: string, help: string, read: () => number, labels: Labels = {}): void {
    this.#seriesOf(name, labels, (series) => {
      new PromGauge({
        name,
        help,
        labelNames: Object.keys(labels),
        registers: [this.#registry],
        collect() {
          this.reset();
          for (const { labels, read } of series.values()) this.set(labels, read());
        },
      });
    }).set(keyOf(labels), { labels, read });
  }

  histogram(
    name: string,
    help: string,
    buckets: readonly number[],
    labels: Labels = {},
  ): Histogram {
    checkName(name);
    let histogram = this.#histograms.get(name);
    if (histogram === undefined) {
      histogram = new PromHistogram({
        name,
        help,
        buckets: [...buckets],
        labelNames: Object.keys(labels),
        registers: [this.#registry],
      });
      this.#histograms.set(name, histogram);
    }
    return histogram.labels(labels);
  }

  /** The text exposition, with HELP and TYPE of every name. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #seriesOf(
    name: string,
    labels: Labels,
    register: (series: ReadonlyMap<string, Series>) => void,
  ): Map<string, Series> {
    checkName(name);
    const existing = this.#series.get(name);
    if (existing !== undefined) {
      const [first] = existing.values();
      const same = first === undefined ||
        Object.keys(first.labels).join() === Object.keys(labels).join();
      assert(same, `every series of ${name} has the same label names`);
      return existing;
    }
    const series = new Map<string, Series>();
    this.#series.set(name, series);
    register(series);
    return series;
  }
}

function checkName(name: string): void {
  assert(NAME.test(name), `metric name ${name} begins with logboom_`);
}

function keyOf(labels: Labels): string {
  return JSON.stringify(labels);
}
