/** What reads have in common; which of them is refused how: the tests of each read. */
import { describe, expect, it } from "vitest";
import {
  fetchParameters,
  isInSourceOrder,
  standingsOf,
} from "../../../src/egress/http/parameters.ts";
import { FETCH_BYTES_DEFAULT, FETCH_RECORDS_DEFAULT } from "../../../src/base/limits.ts";
import { Query } from "../../../src/protocol/http/query.ts";
import type { Topic } from "../../../src/store/topic.ts";

const NAMES = ["order", "max_records", "max_bytes", "min_bytes", "max_wait_ms", "source"];
const queryOf = (text: string) => new Query(`http://node/${text}`, NAMES);

describe("fetchParameters()", () => {
  it("has a bound where the reader says nothing", () => {
    expect(fetchParameters(queryOf(""))).toEqual({
      ...{ maxRecords: FETCH_RECORDS_DEFAULT, maxBytes: FETCH_BYTES_DEFAULT },
      ...{ minBytes: 1, maxWaitMs: 0, source: false },
    });
    expect(fetchParameters(queryOf("?max_records=7&source=true"))).toMatchObject({
      ...{ maxRecords: 7, source: true },
    });
  });
});

describe("isInSourceOrder()", () => {
  it("is what was asked for, arrival by default, and nothing else", () => {
    expect(isInSourceOrder(queryOf(""))).toBe(false);
    expect(isInSourceOrder(queryOf("?order=arrival"))).toBe(false);
    expect(isInSourceOrder(queryOf("?order=source"))).toBe(true);
    expect(() => isInSourceOrder(queryOf("?order=time"))).toThrow(/"order"/);
  });
});

describe("standingsOf()", () => {
  const topic = { id: "aa", name: "logs" } as Topic;
  const standings = [{ epoch: 3, offset: 7 }, { epoch: 3, offset: 9 }];

  it("begins partitions that were added at their start", () => {
    expect(standingsOf(topic, { topicId: "aa", standings }, 2)).toEqual(standings);
    expect(standingsOf(topic, { topicId: "aa", standings }, 3))
      .toEqual([...standings, { epoch: -1, offset: 0 }]);
  });

  it("notices a topic that was made anew, or has fewer partitions", () => {
    for (const [topicId, partitions] of [["bb", 2], ["aa", 1]] as const) {
      expect(() => standingsOf(topic, { topicId, standings }, partitions)).toThrow(
        expect.objectContaining({ code: "log_diverged" }),
      );
    }
  });
});
