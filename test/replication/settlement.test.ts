/** What is not settled is asked for, ever more seldom, and no more once it is. */
import { describe, expect, it } from "vitest";
import { REPLICATION_SETTLED_ASK_MS } from "../../src/base/limits.ts";
import { REPLICATION_PROBE_MS } from "../../src/base/link_limits.ts";
import { LogCursor } from "../../src/replication/log_cursor.ts";
import { Settlement } from "../../src/replication/settlement.ts";
import { HandClock } from "../support/hand_clock.ts";

function laneWith(logId: string, held: number, settled: number) {
  const announcement = {
    ...{ logId, gateway: "g", topic: "t", partition: 0, firstOffset: 0 },
    ...{ predecessor: null, predecessorEnd: 0, root: logId },
  };
  const cursor = new LogCursor(announcement, { own: true, acknowledged: null });
  cursor.restart({ logId, held, settled });
  const announcementOf = () => ({ ...announcement, endOffset: 12 });
  return { cursor, cursors: () => [cursor], announcementOf };
}

const A = "00000000000000aa";

describe("Settlement", () => {
  it("asks for what is held and not settled, and for nothing else", () => {
    const clock = new HandClock();
    const settlement = new Settlement(clock);
    settlement.noted(laneWith("00000000000000bb", 5, 5));
    expect(settlement.dueMs).toBe(Infinity);
    const lane = laneWith(A, 9, 4);
    settlement.noted(lane);
    expect(settlement.dueMs).toBe(clock.monotonicMs() + REPLICATION_SETTLED_ASK_MS);
    const questions = settlement.questions();
    expect(questions.map(({ announcement }) => announcement)).toMatchObject([{
      ...{ logId: A, endOffset: 12 },
    }]);
    expect(settlement.answered(questions, [{ logId: A, held: 9, settled: 9 }])).toEqual(
      new Set([lane]),
    );
    expect(lane.cursor.settled).toBe(9);
    expect(settlement.dueMs).toBe(Infinity);
  });

  it("asks ever more seldom while nothing changes, and soon again when something did", () => {
    const clock = new HandClock();
    const settlement = new Settlement(clock);
    const lane = laneWith(A, 9, 4);
    settlement.noted(lane);
    const waits: number[] = [];
    for (let asked = 0; asked < 12; asked++) {
      settlement.answered(settlement.questions(), [{ logId: A, held: 9, settled: 4 }]);
      waits.push(settlement.dueMs - clock.monotonicMs());
    }
    expect(waits.slice(0, 3)).toEqual([2, 4, 8].map((by) => by * REPLICATION_SETTLED_ASK_MS));
    expect(waits.at(-1)).toBe(REPLICATION_PROBE_MS);
    settlement.answered(settlement.questions(), [{ logId: A, held: 9, settled: 5 }]);
    expect(settlement.dueMs - clock.monotonicMs()).toBe(REPLICATION_SETTLED_ASK_MS);
  });
});
