import { expect, it } from "vitest";
import { readerOf } from "../../src/cli/export_stream.ts";

async function* chunks(...sizes: number[]) {
  let next = 0;
  for (const size of sizes) yield Uint8Array.from({ length: size }, () => next++);
}

it("readerOf() gives what is asked for, however it comes", async () => {
  for (const sizes of [[9], [1, 1, 1, 1, 1, 1, 1, 1, 1], [4, 0, 5], [2, 7]]) {
    const read = readerOf(chunks(...sizes));
    expect([...await read(0)]).toEqual([]);
    expect([...await read(3)]).toEqual([0, 1, 2]);
    expect([...await read(1)]).toEqual([3]);
    expect([...await read(9)], "its end").toEqual([4, 5, 6, 7, 8]);
    expect([...await read(9)]).toEqual([]);
  }
});
