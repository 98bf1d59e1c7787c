import { describe, expect, it } from "vitest";
import {
  landingsOf,
  landingsOfParts,
  produceAnswer,
} from "../../../src/ingress/http/produce_answer.ts";
import { MediaType } from "../../../src/protocol/http/media_type.ts";
import { Ticket } from "../../../src/store/commit.ts";
import type { PartitionLog } from "../../../src/store/partition_log.ts";

const log = (index: number) => ({ topic: "t", index } as unknown as PartitionLog);
const landing = (partition: number, base_offset: number, records: number) => ({
  ...{ topic: "t", partition, base_offset, last_offset: base_offset + records - 1, records },
});

describe("landingsOf()", () => {
  it("is in the order of partitions", () => {
    const landings = [
      { log: log(2), ticket: new Ticket(5, 9) },
      { log: log(0), ticket: new Ticket(1, 1) },
    ];
    expect(landingsOf(landings)).toEqual([landing(0, 1, 1), landing(2, 5, 5)]);
  });
});

describe("landingsOfParts()", () => {
  const part = (partition: number, from: number, to: number, baseOffset: number) => ({
    ...{ topic: "t", partition, from, to, baseOffset },
  });

  it("joins parts that lie end to end, and no others", () => {
    expect(landingsOfParts([
      ...[part(0, 0, 2, 10), part(0, 2, 5, 12), part(0, 5, 6, 30)],
      ...[part(1, 0, 1, 31)],
    ])).toEqual([landing(0, 10, 5), landing(0, 30, 1), landing(1, 31, 1)]);
  });
});

describe("produceAnswer()", () => {
  it("is an object for one landing, an array for several", async () => {
    const one = produceAnswer(MediaType.json, [landing(0, 1, 1)], false);
    expect(await one.json()).toEqual(landing(0, 1, 1));
    expect(one.headers.get("logboom-replayed")).toBeNull();
    const two = produceAnswer(MediaType.json, [landing(0, 1, 1), landing(1, 1, 1)], true);
    expect(await two.json()).toEqual([landing(0, 1, 1), landing(1, 1, 1)]);
    expect(two.headers.get("logboom-replayed")).toBe("true");
  });
});
