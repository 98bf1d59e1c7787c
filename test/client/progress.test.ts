import { describe, expect, it } from "vitest";
import { Progress } from "../../src/client/progress.ts";

const at = (partition: number, offset: number) => ({ topic: "logs", partition, offset });

describe("Progress", () => {
  it("tells what was handed out from what is done with", () => {
    const progress = new Progress();
    progress.hand(at(0, 1));
    expect(progress.toCommit()).toEqual([]);
    expect(progress.handed()).toEqual([at(0, 1)]);
    progress.done();
    progress.hand(at(1, 7));
    expect(progress.toCommit()).toEqual([at(0, 1)]);
    expect(progress.handed()).toEqual([at(0, 1), at(1, 7)]);
  });

  it("commits nothing twice, and nothing of what it was given before", () => {
    const progress = new Progress();
    progress.hand(at(0, 1));
    progress.done();
    progress.committed([at(0, 1)]);
    expect(progress.toCommit()).toEqual([]);
    progress.hand(at(0, 2));
    progress.done();
    expect(progress.toCommit()).toEqual([at(0, 2)]);
    progress.restart();
    expect([progress.toCommit(), progress.handed()]).toEqual([[], []]);
  });
});
