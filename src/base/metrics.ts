/**
 * What the rooms count. The hot path adds to plain numbers; the text exposition reads them
 * (egress/http/metrics.ts). Names follow Prometheus: `logboom_<noun>_<unit>[_total]`.
 * No series is ever labelled by client, log id or key: label values come from small fixed sets.
 *
 * @module
 */

export type Labels = Readonly<Record<string, string>>;

export interface Counter {
  value: number;
}

export interface Histogram {
  /** Counts one observation, in the unit the name ends with. */
  observe(value: number): void;
}

export interface Metrics {
  /** The counter of that name and those labels, made on first use; add to its `value`. */
  counter(name: string, help: string, labels?: Labels): Counter;
  /** `read` is called at each scrape. A second call with the same name and labels replaces it. */
  gauge(name: string, help: string, read: () => number, labels?: Labels): void;
  histogram(name: string, help: string, buckets: readonly number[], labels?: Labels): Histogram;
}

/** Counts, and shows nobody: for tests and tools. */
export const SILENT_METRICS: Metrics = {
  counter: () => ({ value: 0 }),
  gauge() {},
  histogram: () => ({ observe() {} }),
};
