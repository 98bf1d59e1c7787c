import { describe, expect, it } from "vitest";
import {
  comparePlaces,
  cursorText,
  followedLogs,
  placeAt,
  placeOfCursor,
  recordsBehind,
  standingIn,
  type TailPlace,
} from "../../../src/egress/tail/tail_place.ts";
import { encodeCursor } from "../../../src/protocol/http/cursor.ts";
import { openTailWorld } from "../../support/tail_world.ts";

const offsets = (place: TailPlace) => place.map(({ offset }) => offset);

describe("placeAt()", () => {
  it("is the start or the end of what is followed, and nowhere in the rest", async () => {
    const { scope, put } = await openTailWorld({ partitions: 3 });
    await put(0, "a", "b");
    await put(2, "c");
    expect(offsets(placeAt(scope, "latest"))).toEqual([2, 0, 1]);
    expect(offsets(placeAt(scope, "earliest"))).toEqual([0, 0, 0]);
    expect(offsets(placeAt({ ...scope, partition: 2 }, "latest"))).toEqual([0, 0, 1]);
    expect(followedLogs({ ...scope, partition: 2 }).map(({ index }) => index)).toEqual([2]);
  });
});

describe("placeOfCursor()", () => {
  it("takes back what cursorText() gave", async () => {
    const { scope, topic, put } = await openTailWorld({ partitions: 2 });
    await put(1, "a");
    const place = placeAt(scope, "latest");
    expect(placeOfCursor(scope, cursorText(topic, place))).toEqual(place);
  });

  it("begins at the start of partitions that a cursor does not know yet", async () => {
    const { scope, topic, put } = await openTailWorld({ partitions: 2 });
    await put(0, "a");
    await put(1, "b");
    const text = encodeCursor({ topicId: topic.id, standings: [{ epoch: -1, offset: 1 }] });
    expect(offsets(placeOfCursor(scope, text))).toEqual([1, 0]);
  });

  it("refuses another topic, another history, another order, and what is still to come", async () => {
    const { scope, topic, put } = await openTailWorld();
    await put(0, "a");
    const refused = (text: string) => {
      try {
        placeOfCursor(scope, text);
      } catch (error) {
        return (error as { code: string }).code;
      }
      return "taken";
    };
    const [standing] = placeAt(scope, "latest");
    const one = (more: object) =>
      encodeCursor({ topicId: topic.id, standings: [{ ...standing!, ...more }] });
    expect(refused(one({}))).toBe("taken");
    expect(refused(one({ epoch: 99 }))).toBe("log_diverged");
    expect(refused(one({ epoch: -1, offset: 2 }))).toBe("offset_out_of_range");
    expect(refused(encodeCursor({ topicId: "0".repeat(32), standings: [standing!] })))
      .toBe("log_diverged");
    expect(refused(encodeCursor({ topicId: topic.id, standings: [standing!, standing!] })))
      .toBe("log_diverged");
    const source = { partition: null };
    expect(refused(encodeCursor({ topicId: topic.id, source, standings: [standing!] })))
      .toBe("invalid_argument");
    expect(refused("nonsense")).toBe("invalid_argument");
  });
});

describe("comparePlaces()", () => {
  it("looks at what is followed only; ahead in one partition is ahead", async () => {
    const { scope, topic } = await openTailWorld({ partitions: 2 });
    const at = (...all: number[]) => all.map((offset) => ({ epoch: 0, offset }));
    const logs = followedLogs(scope);
    expect(comparePlaces(logs, at(1, 2), at(1, 2))).toBe("same");
    expect(comparePlaces(logs, at(0, 2), at(1, 2))).toBe("behind");
    expect(comparePlaces(logs, at(0, 3), at(1, 2))).toBe("ahead");
    expect(comparePlaces(logs.slice(1), at(0, 2), at(1, 2))).toBe("same");
    expect(comparePlaces(logs, at(0), at(0, 0))).toBe("same");
    expect(standingIn(at(5), topic.partitions[1]!).offset).toBe(0);
  });
});

describe("recordsBehind()", () => {
  it("adds up what is still to come", async () => {
    const { scope, put } = await openTailWorld({ partitions: 2 });
    const place = placeAt(scope, "latest");
    await put(0, "a", "b");
    await put(1, "c");
    expect(recordsBehind(followedLogs(scope), place)).toBe(3);
  });
});
