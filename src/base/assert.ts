/**
 * A broken invariant is a bug, and a bug stops the process before it can touch the log.
 * Troubles of the outside world (a full disk, a bad packet) are {@linkcode OperatingError}s instead.
 *
 * @module
 */

export class AssertionError extends Error {
  override name = "AssertionError";
}

/** @throws {AssertionError} when `condition` does not hold; `claim` says what should have held. */
export function assert(condition: unknown, claim: string): asserts condition {
  if (!condition) throw new AssertionError(`Broken invariant: ${claim}`);
}
