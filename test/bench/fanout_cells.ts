/**
 * The loads of the fan-out benchmark.
 *
 * @module
 */

export interface FanoutCell {
  readonly name: string;
  /** Publishers. */
  readonly connections: number;
  readonly subscribers: number;
  readonly qos: number;
  /** Messages of one publisher that have not reached all subscribers yet. */
  readonly window: number;
  /** Publishes a second over all publishers; 0: as many as the windows let. */
  readonly rate: number;
}

/** Deliveries a second where they are paced: well below what either server can do. */
const PACED_DELIVERIES = 5_000;
/** One that is paced should never have to wait for its window. */
const PACED_WINDOW = 100;

const SHAPES = [
  { name: "1 → 1,000", connections: 1, subscribers: 1_000, window: 10 },
  { name: "1,000 → 1", connections: 1_000, subscribers: 1, window: 4 },
] as const;

export const CELLS: readonly FanoutCell[] = [0, PACED_DELIVERIES].flatMap((deliveries) =>
  SHAPES.flatMap((shape) =>
    [0, 1].map((qos) => ({
      ...{ ...shape, qos, rate: deliveries / shape.subscribers },
      name: `${shape.name}, QoS ${qos}${deliveries === 0 ? "" : ", paced"}`,
      window: deliveries === 0 ? shape.window : PACED_WINDOW,
    }))
  )
);
