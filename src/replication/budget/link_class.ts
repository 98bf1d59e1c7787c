/**
 * Whose bytes go first over a link that cannot carry all at once.
 *
 *     control   hello, announcements, skips: small, and everything else waits for them
 *     9 … 1     priority of the topic, 9 first; within one, live before backlog
 *
 * @module
 */

export interface LinkClass {
  /** A strict lane is `live` where it has no backlog to speak of, else `backlog`. */
  readonly kind: "control" | "live" | "backlog";
  /** 1 to 9; of no account for control. */
  readonly priority: number;
}

export const CONTROL: LinkClass = { kind: "control", priority: 9 };

/** Higher goes first; equal for equal classes, so it names one too. */
export function rankOf({ kind, priority }: LinkClass): number {
  if (kind === "control") return 100;
  return 2 * priority + (kind === "live" ? 1 : 0);
}

/** "control", "live-5", "backlog-5". */
export function classNameOf({ kind, priority }: LinkClass): string {
  return kind === "control" ? kind : `${kind}-${priority}`;
}
