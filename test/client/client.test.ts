import { describe, expect, expectTypeOf, it, vi } from "vitest";
import type { Gap } from "../../src/client/gap.ts";
import type { LogRecord } from "../../src/client/log_record.ts";
import type { LogStream } from "../../src/client/log_stream.ts";
import { collect, openClientWorld, problem } from "../support/client_world.ts";

describe("Client", () => {
  it("writes one record, or some, or none", async () => {
    const { client, requests } = await openClientWorld();
    expect(await client.produce("logs", "a")).toMatchObject([{ baseOffset: 0, records: 1 }]);
    const some = ["b", { key: "k", value: 1 }];
    expect(await client.produce("logs", some, { key: "all" })).toMatchObject([{ baseOffset: 1 }]);
    expect(await client.produce("logs", [])).toEqual([]);
    expect(requests).toHaveLength(2);
    const { records } = await client.fetch("logs", { partition: 0 });
    expect(records.map(({ key }) => key)).toEqual([null, "all", "k"]);
  });

  it("fetches by offset or by cursor, as its arguments say", async () => {
    const { client } = await openClientWorld();
    await client.produce("logs", "a");
    const page = await client.fetch("logs", { partition: 0, offset: 0 });
    expectTypeOf(page.nextOffset).toBeNumber();
    const merged = await client.fetch("logs");
    expectTypeOf(merged.cursor).toBeString();
    const source = await client.fetch("logs", { partition: 0, order: "source" });
    expect([page.nextOffset, merged.lag, source.records.length]).toEqual([1, 0, 1]);
  });

  it("tries a plain call again, and tells of it, but not what is refused", async () => {
    const onRetry = vi.fn();
    const { client, faults, requests } = await openClientWorld({ client: { onRetry } });
    await client.produce("logs", "a");
    faults.push("before", problem(503, "overloaded", { retriable: true }));
    expect((await client.fetch("logs")).records).toHaveLength(1);
    expect(onRetry).toHaveBeenCalledTimes(2);
    requests.length = 0;
    faults.push(problem(400, "invalid_argument"));
    await expect(client.batches("logs", { partition: 0 })).rejects
      .toMatchObject({ code: "invalid_argument" });
    expect(requests).toHaveLength(1);
  });

  it("retryMs: 0 tries once", async () => {
    const { client, faults, requests } = await openClientWorld({ client: { retryMs: 0 } });
    faults.push("before", "before");
    await expect(client.fetch("logs")).rejects.toMatchObject({ code: "unreachable" });
    expect(requests.length).toBeLessThanOrEqual(2);
  });

  it("reads and follows, with gaps in the stream unless they are taken", async () => {
    const { client } = await openClientWorld();
    await client.produce("logs", ["a", "b"]);
    const onGap = () => {};
    expectTypeOf(client.read("logs")).toEqualTypeOf<LogStream<LogRecord | Gap>>();
    expectTypeOf(client.read("logs", { onGap })).toEqualTypeOf<LogStream<LogRecord>>();
    expectTypeOf(client.tail("logs", { onGap })).toEqualTypeOf<LogStream<LogRecord>>();
    expect((await collect(client.read("logs", { onGap }))).map((record) => record.text()))
      .toEqual(["a", "b"]);
    const seen: string[] = [];
    for await (const record of client.tail("logs", { from: "earliest", onGap })) {
      if (seen.push(record.text()) === 2) break;
    }
    expect(seen).toEqual(["a", "b"]);
  });

  it("ends a stream by the signal it was given", async () => {
    const { client } = await openClientWorld();
    await client.produce("logs", "a");
    const stop = new AbortController();
    const stream = client.read("logs", { follow: true, signal: stop.signal });
    const reading = expect(collect(stream)).rejects.toBe("enough");
    await new Promise((resolve) => setTimeout(resolve, 10));
    stop.abort("enough");
    await reading;
  });
});
