/**
 * The benchmarks' voice: everything they tell goes to standard output through here.
 *
 * @module
 */

/** Prints a line. */
export function say(line: string): void {
  // deno-lint-ignore no-console
  console.log(line);
}

/** Prints, loudly, what is not measured and why; a table never leaves something out in silence. */
export function skipped(what: string, why: string): void {
  say(`SKIPPED: ${what}: ${why}`);
}
