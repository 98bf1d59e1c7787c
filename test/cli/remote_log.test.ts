import { expect, it } from "vitest";
import { concat } from "../../src/base/bytes.ts";
import type { HttpAnswer, HttpCall } from "../../src/base/net.ts";
import { Api } from "../../src/cli/api.ts";
import { RemoteNode } from "../../src/cli/remote_log.ts";
import { batchOf } from "../support/batches.ts";
import { testCore } from "../support/core.ts";
import { json } from "../support/terminal.ts";

const core = testCore();
const batches = [0, 2, 4].map((baseOffset) => batchOf(core, ["a", "b"], { baseOffset }));

function nodeThat(answer: (call: HttpCall) => HttpAnswer): RemoteNode {
  const client = (call: HttpCall) => Promise.resolve(answer(call));
  return new RemoteNode(new Api({ url: "http://n", token: null, client }), core);
}

const page = (body: Uint8Array<ArrayBuffer>, next: number) => ({
  status: 200,
  headers: new Headers({
    "logboom-next-offset": String(next),
    "logboom-high-watermark": "6",
  }),
  body,
});

async function offsetsOf(node: RemoteNode): Promise<number[]> {
  const offsets: number[] = [];
  for await (const { baseOffset } of node.batches({ topic: "t", partition: 0 })) {
    offsets.push(baseOffset);
  }
  return offsets;
}

it("reads a partition page by page, each batch once", async () => {
  const asked: string[] = [];
  const node = nodeThat(({ url, headers }) => {
    asked.push(new URL(url).searchParams.get("offset")!);
    expect(headers["accept"]).toBe("application/vnd.logboom.batches");
    // The second page begins with the batch that the first one ended with.
    if (asked.length === 1) return page(concat([batches[0]!, batches[1]!]), 4);
    return page(concat([batches[1]!, batches[2]!]), 6);
  });
  expect(await offsetsOf(node)).toEqual([0, 2, 4]);
  expect(asked).toEqual(["earliest", "4"]);
});

it("believes no batch whose checksum does not hold", async () => {
  const bytes = batches[0]!.slice();
  bytes[70]! ^= 1;
  await expect(offsetsOf(nodeThat(() => page(bytes, 6)))).rejects.toMatchObject({
    code: "corrupt_batch",
  });
});

it("reads all pages of the ledger", async () => {
  const node = nodeThat(({ url }) => {
    const after = Number(new URL(url).searchParams.get("after"));
    return json({ entries: [{ id: after + 1 }], next_after: after < 2 ? after + 1 : null });
  });
  const { entries } = await node.losses();
  expect(entries.map(({ id }) => id)).toEqual([1, 2, 3]);
});
