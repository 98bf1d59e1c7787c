/**
 * Whether another request may go now, and of which class: what the window has room for, what the
 * budget lets through, and how long a request that is not full waits for company.
 *
 * @module
 */
import type { LinkBudget } from "./budget/link_budget.ts";
import type { LinkClass } from "./budget/link_class.ts";
import type { Pace } from "./pace.ts";
import type { Turns } from "./turns.ts";

export interface SendGateOptions {
  readonly pace: Pace;
  readonly budget: Pick<LinkBudget, "next" | "waitMs" | "requestBytesMax">;
  /** How long a request that is not full waits for company. */
  readonly lingerMs: number;
}

/** A request that goes now, or the milliseconds until one may; Infinity: until something happens. */
export type Passing =
  | { readonly linkClass: LinkClass; readonly bytesMax: number; readonly sharedBytesMax: number }
  | { readonly waitMs: number };

/** About what a request and its answer cost the link beside the batches. */
const OVERHEAD_BYTES = 800;
/** What that may take of a link that others wait for. */
const OVERHEAD_PART = 0.04;
/** How long live records wait for company at most. */
const LIVE_LINGER_MS_MAX = 300;
/** Lesser classes may fill a request up as far as it keeps nobody waiting longer than this. */
const SHARED_MS = 20;
/** And only where that is worth a batch or two: the first is taken whole, however large it is. */
const SHARED_BYTES_MIN = 64 * 1024;

export class SendGate {
  readonly #options: SendGateOptions;
  #lingerUntilMs = 0;
  #liveLingerUntilMs = 0;

  constructor(options: SendGateOptions) {
    this.#options = options;
  }

  next(turns: Turns, nowMs: number): Passing {
    const { pace, budget } = this.#options;
    if (turns.size === 0) return { waitMs: Infinity };
    if (this.#lingerUntilMs > nowMs) return { waitMs: this.#lingerUntilMs - nowMs };
    let waitMs = Infinity;
    const classes: LinkClass[] = [];
    for (const linkClass of turns.classes()) {
      const classWaitMs = this.#waitMs(linkClass, nowMs);
      if (classWaitMs === 0) classes.push(linkClass);
      else waitMs = Math.min(waitMs, classWaitMs);
    }
    const bytesMax = Math.min(pace.requestBytes, budget.requestBytesMax);
    const linkClass = budget.next(classes, bytesMax);
    if (linkClass === null) return { waitMs };
    const sharedBytes = Math.floor(pace.bytesPerSecond * SHARED_MS / 1_000);
    const sharedBytesMax = sharedBytes < SHARED_BYTES_MIN ? 0 : Math.min(bytesMax, sharedBytes);
    return { linkClass, bytesMax, sharedBytesMax };
  }

  /** One went that was not full: so a trickle shares requests. */
  sent(
    request: { readonly linkClass: LinkClass; readonly bytes: number },
    waiting: Turns,
    nowMs: number,
  ): void {
    const { pace, lingerMs } = this.#options;
    if (request.bytes >= pace.requestBytes / 2) return;
    if (waiting.size === 0) {
      this.#lingerUntilMs = nowMs + lingerMs;
    } else if (request.linkClass.kind === "live" && pace.bytesPerSecond > 0) {
      const overheadMs = OVERHEAD_BYTES * 1_000 / (pace.bytesPerSecond * OVERHEAD_PART);
      this.#liveLingerUntilMs = nowMs +
        Math.max(lingerMs, Math.min(LIVE_LINGER_MS_MAX, overheadMs));
    }
  }

  #waitMs(linkClass: LinkClass, nowMs: number): number {
    const { pace, budget } = this.#options;
    if (!pace.hasRoom(linkClass.kind !== "backlog", nowMs)) return Infinity;
    const lingerMs = linkClass.kind === "live" ? Math.max(0, this.#liveLingerUntilMs - nowMs) : 0;
    return Math.max(lingerMs, budget.waitMs(linkClass));
  }
}
