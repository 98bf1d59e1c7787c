/** A coordinator on a clock wound by hand, with topics made up for it. */
import { SILENT_LOGGER } from "../../src/base/log.ts";
import { SILENT_METRICS } from "../../src/base/metrics.ts";
import { type CoordinatorOptions, GroupCoordinator } from "../../src/groups/coordinator.ts";
import type { JoinRequest } from "../../src/groups/group_api.ts";
import type { GroupTopic, GroupTopics } from "../../src/groups/group_topics.ts";
import { seededRandom } from "./dice.ts";
import { HandClock } from "./hand_clock.ts";
import { MemoryGroupBook } from "./memory_group_book.ts";

export class MadeUpTopics implements GroupTopics {
  readonly #topics = new Map<string, GroupTopic>();
  readonly outOfReach = new Set<string>();
  #made = 0;

  /** A topic with so many partitions of 100 records; again: with more, or made anew. */
  put(name: string, partitions: number, { anew = false } = {}): void {
    const known = this.#topics.get(name);
    this.#topics.set(name, {
      id: anew || known === undefined ? `${++this.#made}`.padStart(32, "0") : known.id,
      partitions: Array.from({ length: partitions }, () => ({
        logStartOffset: 10,
        highWatermark: 100,
      })),
    });
  }

  drop(name: string): void {
    this.#topics.delete(name);
  }

  topic(name: string): GroupTopic | undefined {
    return this.#topics.get(name);
  }

  isOutOfReach(name: string): boolean {
    return this.outOfReach.has(name);
  }
}

export interface GroupWorld {
  readonly clock: HandClock;
  readonly book: MemoryGroupBook;
  readonly topics: MadeUpTopics;
  readonly groups: GroupCoordinator;
  /** Lets time pass, and what it set off happen. */
  pass(ms: number): Promise<void>;
}

export async function openGroupWorld(
  given: Partial<CoordinatorOptions> & {
    readonly clock?: HandClock;
    readonly book?: MemoryGroupBook;
    readonly topics?: MadeUpTopics;
    readonly seed?: number;
  } = {},
): Promise<GroupWorld> {
  const { clock = new HandClock(), book = new MemoryGroupBook(), topics = new MadeUpTopics() } =
    given;
  const groups = await GroupCoordinator.open({
    ...{ logger: SILENT_LOGGER, metrics: SILENT_METRICS, initialDelayMs: 0, timers: clock },
    random: seededRandom(given.seed ?? 1),
    ageMs: () => clock.monotonicMs(),
    ...given,
    ...{ clock, book, topics },
  });
  return {
    ...{ clock, book, topics, groups },
    async pass(ms) {
      // In steps: members that are woken set timers of their own.
      for (let left = ms; left > 0; left -= 500) {
        clock.advance(Math.min(left, 500));
        await settled();
      }
    },
  };
}

/** Once everything that can happen without time passing has happened. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A member as Kafka's clients are one. */
export function joinRequest(more: Partial<JoinRequest> = {}): JoinRequest {
  return {
    ...{ group: "g", memberId: "", clientId: "c", host: "::1" },
    ...{ sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 60_000, protocolType: "consumer" },
    protocols: [{ name: "range", metadata: new Uint8Array([1]) }],
    ...more,
  };
}
