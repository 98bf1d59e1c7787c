import { describe, expect, it } from "vitest";
import { type Piece, PieceBudget, PieceRing } from "../../../src/egress/tail/piece_ring.ts";
import { diceOf } from "../../support/dice.ts";

const piece = (size: number): Piece => ({ bytes: new Uint8Array(size), after: [] });

describe("PieceRing", () => {
  it("numbers its pieces, and knows which are gone", () => {
    const ring = new PieceRing(new PieceBudget(1000), 30);
    const pieces = [piece(10), piece(10), piece(10), piece(10)];
    for (const each of pieces) ring.push(each);
    expect([0, 1, 2, 3, 4].map((number) => ring.at(number)))
      .toEqual([undefined, pieces[1], pieces[2], pieces[3], undefined]);
    expect(ring.next).toBe(4);
    expect(ring.shift()).toBe(pieces[1]);
    expect(ring.at(1)).toBeUndefined();
  });

  it("keeps one that is larger than all it may keep", () => {
    const ring = new PieceRing(new PieceBudget(20), 10);
    const large = piece(100);
    ring.push(piece(5));
    ring.push(large);
    expect(ring.at(1)).toBe(large);
    expect(ring.at(0)).toBeUndefined();
  });

  it("loses a number where it skips, so that who waits for it finds it gone", () => {
    const ring = new PieceRing(new PieceBudget(100));
    ring.push(piece(1));
    const waitedFor = ring.next;
    ring.skip();
    expect(ring.at(waitedFor)).toBeUndefined();
    expect(ring.next).not.toBe(waitedFor);
    ring.push(piece(2));
    expect(ring.at(waitedFor)).toBeUndefined();
    expect(ring.at(waitedFor + 1)!.bytes.length).toBe(2);
  });
});

describe("PieceBudget", () => {
  it("takes the oldest piece of all where it is exceeded", () => {
    const budget = new PieceBudget(30);
    const [one, other] = [new PieceRing(budget), new PieceRing(budget)];
    one.push(piece(10));
    other.push(piece(10));
    one.push(piece(10));
    other.push(piece(15));
    expect(one.at(0)).toBeUndefined();
    expect(other.at(0)).toBeUndefined();
    expect(one.at(1)).toBeDefined();
    expect(budget.bytes).toBe(25);
  });

  it("adds up over any history, and stays within its bound", () => {
    const roll = diceOf(20_261_122);
    const below = (end: number) => Math.floor(roll() * end);
    const budget = new PieceBudget(500);
    const rings = [0, 1, 2].map(() => new PieceRing(budget, 300));
    for (let step = 0; step < 5_000; step++) {
      const ring = rings[below(3)]!;
      const what = below(10);
      if (what < 6) ring.push(piece(1 + below(60)));
      else if (what < 9) ring.shift();
      else if (below(4) === 0) ring.clear();
      expect(budget.bytes).toBe(rings.reduce((sum, { bytes }) => sum + bytes, 0));
      expect(budget.bytes).toBeLessThanOrEqual(500);
    }
  });
});
