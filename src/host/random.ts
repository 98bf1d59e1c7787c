/** The operating system's randomness. @module */
import type { Random } from "../base/random.ts";

/** Bytes one call of getRandomValues may fill; the standard's own limit. */
const FILL_BYTES_MAX = 65_536;

export const HOST_RANDOM: Random = {
  fill(into) {
    for (let from = 0; from < into.length; from += FILL_BYTES_MAX) {
      const part = new Uint8Array(Math.min(FILL_BYTES_MAX, into.length - from));
      into.set(crypto.getRandomValues(part), from);
    }
  },
  next: () => Math.random(),
};
