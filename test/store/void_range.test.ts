/** Rows of the ledger's journal for offsets that a lane passed. */
import { describe, expect, it } from "vitest";
import { decodeVoidRange, encodeVoidRange, type VoidRange } from "../../src/store/void_range.ts";

const range = { logId: "0123456789abcdef", from: 5, to: 9 };

describe("encodeVoidRange()", () => {
  it("says no more than there is to say, and is read again", () => {
    const rows: [VoidRange, unknown[]][] = [
      [range, [range.logId, 5, 9]],
      [{ ...range, kind: "late" }, [range.logId, 5, 9, "late"]],
      [{ ...range, kind: "open", by: "peer" }, [range.logId, 5, 9, "open", "peer"]],
      [
        { ...range, kind: "open", by: "peer", holders: ["a".repeat(16)] },
        [range.logId, 5, 9, "open", "peer", ["a".repeat(16)]],
      ],
    ];
    for (const [one, row] of rows) {
      expect(encodeVoidRange(one)).toEqual(row);
      expect(decodeVoidRange(encodeVoidRange(one))).toEqual(one);
    }
  });
});
