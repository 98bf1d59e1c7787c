import { describe, expect, it } from "vitest";
import { OperatingError } from "../../../src/base/errors.ts";
import { RestLandings } from "../../../src/ingress/http/rest_landings.ts";
import type { CommitWaiter } from "../../../src/store/commit.ts";
import { Ticket } from "../../../src/store/commit.ts";
import type { PartitionLog } from "../../../src/store/partition_log.ts";

/** What it needs of a log: a ticket for what was appended. */
function logAt(index: number, baseOffset: number, records: number): PartitionLog {
  const ticket = new Ticket(baseOffset, baseOffset + records - 1);
  const log = { index, ticket, appended: (_: CommitWaiter) => ticket };
  return log as unknown as PartitionLog;
}

const refused = new OperatingError("storage_full", "Cannot append: full");

describe("RestLandings", () => {
  it("names each record of those that took it, and the error of the others", async () => {
    const a = logAt(0, 10, 2);
    const b = logAt(1, 5, 1);
    const landings = new RestLandings([a, b, a]);
    landings.committed(b, refused);
    landings.committed(a, null);
    await landings.done;
    landings.checkAny();
    expect(landings.taken).toBe(2);
    expect(landings.each((...place) => place)).toEqual([
      [0, 10, null],
      [1, 5, refused],
      [0, 11, null],
    ]);
  });

  it("is over only when the last partition has decided", async () => {
    const [a, b] = [logAt(0, 0, 1), logAt(1, 0, 1)];
    const landings = new RestLandings([a, b]);
    let over = false;
    const done = landings.done.then(() => over = true);
    landings.committed(a, null);
    await Promise.resolve();
    expect(over).toBe(false);
    landings.committed(b, null);
    await done;
  });

  it("throws the first trouble where nothing was taken", () => {
    const log = logAt(0, 0, 1);
    const landings = new RestLandings([log]);
    landings.committed(log, refused);
    expect(() => landings.checkAny()).toThrow(refused);
  });

  it("reads a ticket when it is asked, for a failed commit before it moves it down", () => {
    const log = logAt(0, 9, 1) as PartitionLog & { ticket: Ticket };
    const landings = new RestLandings([log]);
    [log.ticket.baseOffset, log.ticket.lastOffset] = [4, 4];
    landings.committed(log, null);
    expect(landings.each((_, offset) => offset)).toEqual([4]);
  });
});
