import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { appendLines } from "../../../src/ingress/http/append_lines.ts";
import { openStore } from "../../support/stores.ts";

describe("appendLines()", () => {
  it("makes room where a batch is full, and loses and doubles no line", async () => {
    const { store } = await openStore();
    const [log] = (await store.createTopic("t")).partitions;
    const lines = Array.from({ length: 3_000 }, (_, at) => `${at} ${"x".repeat(at % 977)}`);
    const options = { bytes: utf8(lines.join("\n")), key: utf8("k"), timestamp: 1 };
    expect(appendLines(store, log!, options)).toBe(3_000);
    log!.appended(null);
    await store.commits.idle();
    const seen: string[] = [];
    for (let offset = 0; offset < 3_000;) {
      const { batches, nextOffset } = await log!.read(offset, { maxBytes: 1 << 20 });
      for (const batch of batches) {
        for (const { value } of store.core.decode(batch)) {
          seen.push(new TextDecoder().decode(value!));
        }
      }
      offset = nextOffset;
    }
    expect(seen).toEqual(lines);
  });

  it("makes room where all slots of the core are taken", async () => {
    const { store } = await openStore({ settings: { defaultPartitions: 600 } });
    const { partitions } = await store.createTopic("t");
    for (const log of partitions) {
      appendLines(store, log, { bytes: utf8("x"), key: null, timestamp: 1 });
      log.appended(null);
    }
    await store.commits.idle();
    expect(partitions.map(({ highWatermark }) => highWatermark)).toEqual(partitions.map(() => 1));
  });
});
