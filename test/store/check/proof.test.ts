import { describe, expect, it } from "vitest";
import { type ProofFacts, prove } from "../../../src/store/check/proof.ts";

const range = (from: number, to: number) => [{ from, to }];

function factsOf(more: Partial<ProofFacts> = {}): ProofFacts {
  return {
    ...{
      accepted: range(0, 100),
      here: range(0, 100),
      there: range(0, 60),
      doubled: 0,
      claimed: [],
    },
    ...{
      ledgered: [],
      final: [],
      ledgeredThere: [],
      retired: [],
      voided: [],
      voids: 0,
      identical: true,
    },
    ...more,
  };
}

describe("prove()", () => {
  it("proves what is delivered, pending or ledgered", () => {
    const proof = prove(factsOf({
      ...{ here: range(50, 90), there: range(0, 60) },
      ...{ ledgered: range(90, 100), final: range(90, 100), ledgeredThere: range(90, 100) },
    }));
    expect(proof).toMatchObject({
      ...{ accepted: 100, delivered: 60, pending: 30, ledgered: 10, unaccounted: 0 },
      proven: true,
    });
  });

  it("finds what is in none of them", () => {
    const proof = prove(factsOf({ here: range(70, 100) }));
    expect(proof).toMatchObject({ unaccounted: 10, firstUnaccounted: 60, proven: false });
    const gone = prove(factsOf({ here: range(70, 100), retired: range(0, 70) }));
    expect(gone).toMatchObject({ retired: 10, unaccounted: 0, proven: true });
  });

  it("finds what the upstream received and does not hold any more", () => {
    const proof = prove(factsOf({ claimed: range(0, 62) }));
    expect(proof).toMatchObject({ pending: 38, unaccounted: 2, firstUnaccounted: 60 });
  });

  it("does not count what records of other logs took", () => {
    const proof = prove(factsOf({
      ...{ here: [{ from: 0, to: 20 }, { from: 30, to: 100 }], there: range(0, 20) },
      voided: range(20, 30),
    }));
    expect(proof).toMatchObject({ accepted: 90, delivered: 20, pending: 70, proven: true });
  });

  it("takes as many offsets as are known to be void for no records, and not one more", () => {
    const facts = { here: range(70, 100), voids: 10 };
    expect(prove(factsOf(facts))).toMatchObject({
      ...{ accepted: 90, delivered: 60, pending: 30, unaccounted: 0, proven: true },
    });
    expect(prove(factsOf({ ...facts, voids: 9 }))).toMatchObject({ accepted: 91, unaccounted: 1 });
    expect(prove(factsOf({ ...facts, retired: range(0, 65) }))).toMatchObject({
      ...{ accepted: 90, retired: 0, unaccounted: 0 },
    });
  });

  it("takes no record for delivered that is there twice, or is not the same", () => {
    expect(prove(factsOf({ doubled: 1 })).proven).toBe(false);
    expect(prove(factsOf({ identical: false })).proven).toBe(false);
    expect(prove(factsOf({ identical: null })).proven).toBe(true);
  });

  it("finds ledgers that contradict each other, or the records", () => {
    const both = { ledgered: range(90, 100), final: range(90, 100), here: range(0, 90) };
    expect(prove(factsOf(both))).toMatchObject({ contradicted: 10, proven: false });
    const there = prove(factsOf({ ledgeredThere: range(95, 100) }));
    expect(there).toMatchObject({ contradicted: 5, proven: false });
    const delivered = prove(factsOf({ final: range(0, 5), ledgered: range(0, 5) }));
    expect(delivered).toMatchObject({ contradicted: 5, proven: false });
    // Nobody asked the upstream yet.
    const open = { ledgered: range(90, 100), here: range(0, 90) };
    expect(prove(factsOf(open))).toMatchObject({ ledgered: 10, proven: true });
  });
});
