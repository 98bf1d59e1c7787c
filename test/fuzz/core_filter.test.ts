/** Hostile records under a filter: no trap, nothing read that matters behind the end, and no loop. */
import { expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { Status } from "../../src/core/status.ts";
import { testCore } from "../support/core.ts";
import { Arena, fuzz, FUZZ_TIMEOUT_MS } from "./core_arena.ts";

const core = testCore();
const arena = new Arena();
const HEADER_SIZE = 61;

function recordsOf(count: number, value: string): Uint8Array {
  for (let nth = 0; nth < count; nth++) {
    core.append(0, {
      timestamp: 1_700_000_000_000 - nth * 1000,
      key: nth % 3 ? utf8(`key ${nth % 2}`) : null,
      value: nth % 5 ? utf8(value.slice(nth % 7)) : null,
      headers: nth % 2 ? [["h", utf8("v")], ["mqtt.qos", null]] : [],
    });
  }
  const stamp = { baseOffset: 7, leaderEpoch: 1, logId: "0000000000000abc" } as const;
  return core.seal(0, { ...stamp, compression: "none" }).slice(HEADER_SIZE);
}

/** Tells the arena's core what is wanted, as src/core/record_sieve.ts does. */
function tell(key: Uint8Array | null, part: Uint8Array | null, header: boolean): void {
  const { FILTER } = arena.map;
  const view = new DataView(arena.memory.buffer, FILTER, arena.map.FILTER_BYTES);
  const put = (at: number, bytes: Uint8Array) => {
    arena.memory.set(bytes, FILTER + at);
    return FILTER + at;
  };
  view.setFloat64(0, -Infinity, true);
  view.setFloat64(8, Infinity, true);
  view.setInt32(16, key?.length ?? -1, true);
  view.setInt32(20, put(200, key ?? new Uint8Array(0)), true);
  view.setInt32(24, part?.length ?? 0, true);
  view.setInt32(28, put(600, part ?? new Uint8Array(0)), true);
  view.setInt32(32, header ? 1 : 0, true);
  view.setInt32(48, put(1_000, utf8("h")), true);
  view.setInt32(52, 1, true);
  view.setInt32(56, put(1_100, utf8("v")), true);
  view.setInt32(60, 1, true);
}

it("filterRecords() survives anything, and walks on to an end", () => {
  const corpus = [recordsOf(1, "reading"), recordsOf(12, "aaaaaaaaaaaaaaaab"), recordsOf(40, "x")];
  const parts = [null, utf8("a"), utf8("aab"), utf8("aaaaaaaaaaaaaaaaaab"), utf8("g")];
  let found = 0;
  fuzz(corpus, (input, random) => {
    const key = random.below(3) ? null : utf8("key 1");
    tell(key, parts[random.below(parts.length)]!, random.below(3) === 0);
    const count = random.below(45);
    const first = random.below(4);
    const rowsMax = 1 + random.below(20);
    const walk = arena.guarded(input, (start) => {
      const result = new Uint32Array(arena.memory.buffer, arena.map.RESULT, 2);
      const steps: number[][] = [];
      for (let from = 0, index = 0; index < count;) {
        const rows = arena.exports
          .filterRecords(start, input.length, from, index, count, first, rowsMax);
        steps.push([rows, result[0]!, result[1]!]);
        if (rows < 0) break;
        expect(rows).toBeLessThanOrEqual(Math.min(rowsMax, result[1]!));
        expect(result[1]!, "each call walks on").toBeGreaterThan(0);
        expect(result[0]!).toBeLessThanOrEqual(input.length);
        from = result[0]!;
        index += result[1]!;
        found += rows;
      }
      return steps.map(([rows, at, walked]) => rows! < 0 ? [rows] : [rows, at, walked]);
    });
    const last = walk.at(-1)?.[0] ?? 0;
    if (last < 0) expect(last).toBe(Status.BAD_RECORD);
  });
  expect(found).toBeGreaterThan(1_000);
}, FUZZ_TIMEOUT_MS);
