/**
 * Places of the repository, whatever the directory a benchmark is started from.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

/** The path of something named relative to `test/bench`. */
export function benchPath(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}

export const REPOSITORY = benchPath("../../").replace(/\/$/, "");
