/** What was submitted to a partition and what was acknowledged, and whether a log holds to it. */
import { expect } from "vitest";
import type { Offset } from "../../src/base/types.ts";
import type { Core } from "../../src/core/core.ts";
import type { PartitionLog } from "../../src/store/partition_log.ts";

const decoder = new TextDecoder("latin1");

/** Values as text that keeps every byte. */
export function textOf(value: Uint8Array): string {
  return decoder.decode(value);
}

export class LogAccount {
  /** By offset, each is set once. */
  readonly acknowledged: string[] = [];
  readonly submitted = new Set<string>();

  acknowledge(baseOffset: Offset, values: readonly string[]): void {
    for (const [at, value] of values.entries()) this.acknowledged[baseOffset + at] = value;
  }
}

/**
 * States that every record from the log start on is what was acknowledged below `acknowledged`, or
 * at least submitted; that offsets are dense; and that no gap holds anything acknowledged.
 */
export async function expectKept(
  core: Core,
  log: PartitionLog,
  { account, acknowledged }: { readonly account: LogAccount; readonly acknowledged: Offset },
): Promise<void> {
  let expected = log.logStartOffset;
  while (expected < log.highWatermark) {
    const { batches, gaps, nextOffset } = await log.read(expected, { maxBytes: 100_000 });
    for (const gap of gaps) {
      expect(gap.from, "gaps are told in order").toBe(expected);
      const inGap = account.acknowledged.slice(gap.from, Math.min(gap.to, acknowledged));
      expect(inGap, "nothing acknowledged is lost").toEqual([]);
      expected = gap.to;
    }
    for (const batch of batches) {
      for (const { offset, value } of core.decode(batch)) {
        if (offset < expected && offset < log.logStartOffset) continue;
        if (offset !== expected) expect(offset, "offsets are dense").toBe(expected);
        const text = textOf(value!);
        const wanted = offset < acknowledged ? account.acknowledged[offset] : undefined;
        const good = wanted === undefined ? account.submitted.has(text) : wanted === text;
        if (!good) {
          expect.fail(
            `offset ${offset} holds "${text.slice(0, 20)}", not "${wanted?.slice(0, 20)}"`,
          );
        }
        expected = offset + 1;
      }
    }
    expect(nextOffset).toBe(expected);
  }
}
