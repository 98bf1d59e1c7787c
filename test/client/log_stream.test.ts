import { describe, expect, it, vi } from "vitest";
import { Gap } from "../../src/client/gap.ts";
import { LogRecord } from "../../src/client/log_record.ts";
import { LogStream, type Step } from "../../src/client/log_stream.ts";
import { collect } from "../support/client_world.ts";

const PLACE = { topic: "logs", partition: 0 };
const record = (offset: number) =>
  new LogRecord({ ...PLACE, offset, timestamp: 1, key: null, value: `${offset}`, headers: [] });
const gap = new Gap({ ...PLACE, from: 1, to: 3, reason: "lost" });

async function* steps(): AsyncGenerator<Step, void, void> {
  yield { event: record(0), position: { offset: 1 } };
  yield { event: gap, position: null };
  yield { event: null, position: { offset: 3 } };
  yield { event: record(3), position: { offset: 4 } };
  await Promise.resolve();
}

describe("LogStream", () => {
  it("has the gaps among the records, and says where one stands", async () => {
    const stream = new LogStream(steps, undefined);
    expect(stream.position).toBeNull();
    const seen: unknown[] = [];
    for await (const event of stream) seen.push([event.kind, stream.position]);
    expect(seen).toEqual([
      ["record", { offset: 1 }],
      ["gap", { offset: 1 }],
      ["record", { offset: 4 }],
    ]);
  });

  it("hands gaps to who takes them", async () => {
    const onGap = vi.fn();
    const events = await collect(new LogStream<LogRecord>(steps, onGap));
    expect(events.map(({ offset }) => offset)).toEqual([0, 3]);
    expect(onGap.mock.calls).toEqual([[gap]]);
  });

  it("ends what is under way when the loop is left", async () => {
    let ended: AbortSignal | null = null;
    const stream = new LogStream((signal) => {
      ended = signal;
      return steps();
    }, undefined);
    for await (const _ of stream) break;
    expect(ended!.aborted).toBe(true);
  });

  it("close() ends one that waits, and one that was never read", async () => {
    const stream = new LogStream(async function* (signal): AsyncGenerator<Step, void, void> {
      await new Promise((_, reject) => signal.onabort = () => reject(signal.reason));
      yield { event: null, position: null };
    }, undefined);
    const reading = expect(collect(stream)).rejects.toMatchObject({ name: "AbortError" });
    await Promise.resolve();
    await stream.close();
    await reading;
    await new LogStream(steps, undefined)[Symbol.asyncDispose]();
  });
});
