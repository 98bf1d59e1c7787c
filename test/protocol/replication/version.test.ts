/** Versions: every pair of small ranges agrees with the definition. */
import { describe, expect, it } from "vitest";
import { OperatingError } from "../../../src/base/errors.ts";
import { negotiate } from "../../../src/protocol/replication/version.ts";

const ranges = [1, 2, 3, 4].flatMap((min) =>
  [1, 2, 3, 4].filter((max) => max >= min).map((max) => ({ min, max }))
);

describe("negotiate()", () => {
  it("chooses the newest version in both ranges, or refuses and names both", () => {
    for (const theirs of ranges) {
      for (const ours of ranges) {
        const common = [4, 3, 2, 1].find((version) =>
          [theirs, ours].every(({ min, max }) => min <= version && version <= max)
        );
        const agree = () => negotiate(theirs, ours);
        if (common !== undefined) expect(agree()).toBe(common);
        else expect(agree).toThrow(OperatingError);
      }
    }
  });

  it("says which side to upgrade when a peer is only newer", () => {
    expect(() => negotiate({ min: 7, max: 8 }, { min: 1, max: 2 })).toThrow(
      "the peer speaks versions 7-8, this node speaks versions 1-2",
    );
  });
});
