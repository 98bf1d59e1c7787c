/** What every book of consumer groups does, in SQLite or in memory. */
import { expect, it } from "vitest";
import type { GroupBook, GroupOffsetRow } from "../../src/store/group_book.ts";

export function groupBookContract(
  open: () => Promise<GroupBook>,
  reopen: (book: GroupBook) => Promise<GroupBook>,
): void {
  const row = (group: string, partition: number, offset: number): GroupOffsetRow => ({
    ...{ group, topic: "logs", topicId: "f".repeat(32), partition, offset },
    ...{ leaderEpoch: 7, metadata: "wörds 'quoted'" },
  });

  it("is empty when new", async () => {
    const book = await open();
    expect(await book.load()).toEqual({ generation: 0, groups: [], offsets: [] });
  });

  it("gives back everything that was put into it, by a later run too", async () => {
    const book = await open();
    await book.commit({ group: "g", aliveMs: 5 }, [row("g", 0, 1), row("g", 1, 2)]);
    await book.commit({ group: "g", aliveMs: 6 }, [row("g", 0, Number.MAX_SAFE_INTEGER)]);
    await book.commit({ group: "ü/ö", aliveMs: 7 }, [{ ...row("ü/ö", 0, 3), leaderEpoch: -1 }]);
    await book.putGeneration(100);
    await book.putGeneration(200);
    await book.putGroups([{ group: "g", aliveMs: 8 }]);

    const state = await (await reopen(book)).load();
    expect(state.generation).toBe(200);
    expect(new Set(state.groups)).toEqual(
      new Set([{ group: "g", aliveMs: 8 }, { group: "ü/ö", aliveMs: 7 }]),
    );
    expect(new Set(state.offsets)).toEqual(
      new Set([
        row("g", 0, Number.MAX_SAFE_INTEGER),
        row("g", 1, 2),
        { ...row("ü/ö", 0, 3), leaderEpoch: -1 },
      ]),
    );
  });

  it("keeps what is committed last, whoever waits for it", async () => {
    const book = await open();
    const offsets = [1, 2, 3, 4, 5];
    await Promise.all(
      offsets.map((offset) => book.commit({ group: "g", aliveMs: offset }, [row("g", 0, offset)])),
    );
    const state = await (await reopen(book)).load();
    expect(state.offsets).toEqual([row("g", 0, 5)]);
    expect(state.groups).toEqual([{ group: "g", aliveMs: 5 }]);
  });

  it("drops a group with its offsets, and single offsets", async () => {
    const book = await open();
    await book.commit({ group: "g", aliveMs: 1 }, [row("g", 0, 1), row("g", 1, 2)]);
    await book.commit({ group: "h", aliveMs: 1 }, [row("h", 0, 1), row("h", 1, 2)]);
    await book.dropGroups(["g", "none"]);
    await book.dropOffsets([row("h", 0, 99), row("h", 7, 0)]);
    const state = await (await reopen(book)).load();
    expect(state.groups).toEqual([{ group: "h", aliveMs: 1 }]);
    expect(state.offsets).toEqual([row("h", 1, 2)]);
  });
}
