/**
 * What a check of a data directory found: where, what it means, and what is done about it.
 *
 * @module
 */

export interface Finding {
  /** In snake_case: what programs go by. */
  readonly code: string;
  /** `damage` needs repair; a `note` is as it should be, and worth knowing. */
  readonly severity: "damage" | "note";
  /** File, or log, and where in it. */
  readonly place: string;
  /** A sentence: what is there, and what it means. */
  readonly text: string;
  /** A sentence: what a repair does; null where nothing can be done here. */
  readonly repair: string | null;
}

export type Found = (finding: Finding) => void;

export function damage(
  code: string,
  place: string,
  ...[text, repair]: [text: string, repair: string | null]
): Finding {
  return { code, severity: "damage", place, text, repair };
}

export function note(code: string, place: string, text: string): Finding {
  return { code, severity: "note", place, text, repair: null };
}
