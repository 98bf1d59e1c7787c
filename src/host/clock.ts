/** The machine's clock. @module */
import type { Clock } from "../base/clock.ts";

export const HOST_CLOCK: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};
