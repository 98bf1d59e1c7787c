/**
 * What makes figures comparable on a machine that swings between minutes: programs take turns in
 * rounds, only figures of one round are divided, and the median of those ratios is what counts.
 *
 * @module
 */

/** The middle value; the mean of the two middle ones where their number is even. NaN of none. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return NaN;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The value below which `fraction` of the values lie (nearest rank). NaN of none. */
export function quantile(values: readonly number[], fraction: number): number {
  if (values.length === 0) return NaN;
  const sorted = values.toSorted((a, b) => a - b);
  const rank = Math.ceil(fraction * sorted.length);
  return sorted[Math.min(sorted.length, Math.max(1, rank)) - 1]!;
}

export interface PairedRatio {
  /** Median of the ratios of the rounds in which both were measured; NaN where there was none. */
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: number;
}

/** Divides round by round. A round with a missing (undefined) or zero divisor does not count. */
export function pairedRatio(
  dividends: readonly (number | undefined)[],
  divisors: readonly (number | undefined)[],
): PairedRatio {
  const ratios: number[] = [];
  for (let round = 0; round < Math.min(dividends.length, divisors.length); round++) {
    const dividend = dividends[round];
    const divisor = divisors[round];
    if (dividend === undefined || divisor === undefined || divisor === 0) continue;
    ratios.push(dividend / divisor);
  }
  return {
    median: median(ratios),
    min: ratios.length === 0 ? NaN : Math.min(...ratios),
    max: ratios.length === 0 ? NaN : Math.max(...ratios),
    rounds: ratios.length,
  };
}

/** The order of a round: each program is first in turn, so that none always runs on a warm disk. */
export function rotated<T>(items: readonly T[], round: number): T[] {
  const turn = items.length === 0 ? 0 : round % items.length;
  return [...items.slice(turn), ...items.slice(0, turn)];
}
