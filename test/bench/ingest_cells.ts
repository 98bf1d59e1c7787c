/**
 * The loads of the ingest benchmark: connections × window × distinct MQTT topics.
 *
 * @module
 */

export interface IngestCell {
  readonly connections: number;
  /** Publishes in flight on each connection. */
  readonly window: number;
  /** Distinct MQTT topics over all connections. */
  readonly topics: number;
}

/** "10x100x1": 10 connections, window 100, one topic. */
export function cellName({ connections, window, topics }: IngestCell): string {
  return `${connections}x${window}x${topics}`;
}

export function parseCell(name: string): IngestCell {
  const [connections, window, topics = 1] = name.split("x").map(Number);
  if (!connections || !window || !topics) {
    throw new Error(`Cannot read the cell ${name}: want CONNECTIONSxWINDOW[xTOPICS]`);
  }
  return { connections, window, topics };
}

/** Those the goals are stated for. */
export const GOAL_CELLS: readonly IngestCell[] = [
  { connections: 10, window: 100, topics: 1 },
  { connections: 10, window: 100, topics: 1_000 },
  { connections: 100, window: 1, topics: 1 },
  { connections: 1, window: 1, topics: 1 },
  { connections: 1_000, window: 1, topics: 1 },
];

/** All that is promised to be measured. */
export const ALL_CELLS: readonly IngestCell[] = [1, 1_000].flatMap((topics) =>
  [1, 10, 100, 1_000].flatMap((connections) =>
    [1, 10, 100].map((window) => ({ connections, window, topics }))
  )
);
