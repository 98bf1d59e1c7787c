/**
 * Those who are behind, and whose turn it is to read: in the order they came, one read each, a few
 * at the same time. A queue that drains five gigabytes waits for one that has a message to fetch no
 * longer than a read takes.
 *
 * @module
 */
import type { Timers } from "../../../base/clock.ts";
import { isOperatingError } from "../../../base/errors.ts";
import { MQTT_BEHIND_READS_MAX, MQTT_BEHIND_RETRY_MS } from "../../../base/mqtt_limits.ts";

export interface Behind {
  /** One read's worth. Resolves to whether it wants another turn. */
  step(): Promise<boolean>;
}

export interface BacklogOptions {
  readonly timers: Timers;
  /** Trouble of the disk: it is tried again. */
  readonly failed: (error: Error) => void;
}

export class Backlog {
  readonly #options: BacklogOptions;
  readonly #waiting = new Set<Behind>();
  readonly #stepping = new Set<Behind>();
  #scheduled = false;

  constructor(options: BacklogOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** It has room and something to read; one who is having a turn gets another. */
  add(behind: Behind): void {
    this.#waiting.add(behind);
    this.#runSoon();
  }

  /** It is gone. */
  remove(behind: Behind): void {
    this.#waiting.delete(behind);
  }

  #runSoon(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    // Behind the sockets that are ready: who is behind must not starve who is not.
    this.#options.timers.soon(() => {
      this.#scheduled = false;
      this.#run();
    });
  }

  #run(): void {
    for (const behind of this.#waiting) {
      if (this.#stepping.size >= MQTT_BEHIND_READS_MAX) return;
      if (this.#stepping.has(behind)) continue;
      this.#waiting.delete(behind);
      this.#stepping.add(behind);
      // Whatever is not trouble of the disk is a bug, and stops the process.
      void this.#step(behind);
    }
  }

  async #step(behind: Behind): Promise<void> {
    try {
      if (await behind.step()) this.#waiting.add(behind);
    } catch (error) {
      if (!isOperatingError(error)) throw error;
      this.#options.failed(error);
      this.#options.timers.after(MQTT_BEHIND_RETRY_MS, () => this.add(behind));
    } finally {
      this.#stepping.delete(behind);
      if (this.#waiting.size > 0) this.#runSoon();
    }
  }
}
