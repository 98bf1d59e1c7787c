/** Long poll in the order of source: by a batch, by a checkpoint, by time. */
import { describe, expect, it } from "vitest";
import { sourceWait } from "../../src/egress/source_wait.ts";

function world() {
  const asked: { offset: number; resolve: (moved: boolean) => void }[] = [];
  const wakes = new Set<() => void>();
  const log = {
    highWatermark: 7,
    waitFor: (offset: number, { signal }: { signal?: AbortSignal | undefined }) =>
      new Promise<boolean>((resolve) => {
        asked.push({ offset, resolve });
        signal?.addEventListener("abort", () => resolve(false));
      }),
  };
  const onMerged = (wake: () => void) => {
    wakes.add(wake);
    return () => wakes.delete(wake);
  };
  return { log, asked, wakes, wait: () => sourceWait([log, log], { timeoutMs: 9, onMerged }) };
}

describe("sourceWait()", () => {
  it("ends when a batch comes behind what there is", async () => {
    const { asked, wakes, wait } = world();
    const waiting = wait();
    expect(asked.map(({ offset }) => offset)).toEqual([7, 7]);
    asked[1]!.resolve(true);
    await waiting;
    expect(wakes.size).toBe(0);
  });

  it("ends when a checkpoint lets something through", async () => {
    const { wakes, wait } = world();
    const waiting = wait();
    for (const wake of wakes) wake();
    await waiting;
    expect(wakes.size).toBe(0);
  });
});
