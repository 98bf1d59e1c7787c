/** The known word nearest to a mistyped one. @module */

/** Words further apart than this have nothing to do with each other. */
const DISTANCE_MAX = 4;

/** A clause that names the nearest of `known`, or lists nothing when none is near. */
export function didYouMean(word: string, known: Iterable<string>, prefix = ""): string {
  const nearest = nearestOf(word, known);
  return nearest === null ? "" : `; did you mean ${prefix}${nearest}?`;
}

export function nearestOf(word: string, known: Iterable<string>): string | null {
  let best: string | null = null;
  let bestDistance = Math.min(DISTANCE_MAX, Math.ceil(word.length / 2)) + 1;
  for (const candidate of known) {
    const distance = editDistance(word, candidate);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Levenshtein: insertions, removals and replacements from `a` to `b`. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
