/** Pages packed for their readers, and those that are not worth it. */
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { expect, it } from "vitest";
import { pageResponse } from "../../../src/egress/http/page_response.ts";
import { compressBody } from "../../../src/host/compress_body.ts";
import { openHttpWorld } from "../../support/http_world.ts";

const PARTITION = "/v1/topics/t/partitions/0/records";
const RAW = "application/vnd.logboom.batches";

async function opened() {
  const world = await openHttpWorld({ egress: { compress: compressBody } });
  await world.post("/v1/topics/t/records", "text/plain", "a line of a log\n".repeat(200));
  return (path: string, headers: Record<string, string>) => world.get(path, { headers });
}

it.each([
  ["application/json", PARTITION],
  ["application/x-ndjson", PARTITION],
  ["application/cbor", PARTITION],
  ["application/json", "/v1/topics/t/records"],
  ["application/cbor", `${PARTITION}?order=source`],
  ["application/json", `${PARTITION}?contains=line`],
])("packs %s of %s as the reader likes best", async (accept, path) => {
  const get = await opened();
  const plain = await get(path, { accept });
  expect(plain.headers.get("content-encoding")).toBeNull();
  expect(plain.headers.get("vary")).toBe("accept, accept-encoding");
  const bytes = await plain.bytes();
  for (const [coding, inflate] of [["gzip", gunzipSync], ["zstd", zstdDecompressSync]] as const) {
    const packed = await get(path, { accept, "accept-encoding": `${coding}, identity;q=0.5` });
    expect(packed.headers.get("content-encoding")).toBe(coding);
    expect(packed.headers.get("content-type")).toBe(accept);
    expect(packed.headers.get("vary")).toBe("accept, accept-encoding");
    for (const [name, value] of plain.headers) {
      if (name.startsWith("logboom-")) expect(packed.headers.get(name)).toBe(value);
    }
    const sent = await packed.bytes();
    expect(sent.length).toBeLessThan(bytes.length / 4);
    expect(new Uint8Array(inflate(sent))).toEqual(bytes);
  }
});

it("gives batches as they lie, and short pages plain", async () => {
  const get = await opened();
  const raw = await get(PARTITION, { accept: RAW, "accept-encoding": "gzip" });
  expect(raw.headers.get("content-encoding")).toBeNull();
  const short = await get(`${PARTITION}?max_records=2`, { "accept-encoding": "gzip" });
  expect(short.headers.get("content-encoding")).toBeNull();
});

it("gives plain what does not shrink", async () => {
  const bytes = crypto.getRandomValues(new Uint8Array(4_000));
  const request = new Request("http://node/", { headers: { "accept-encoding": "gzip" } });
  const response = await pageResponse(request, { bytes, headers: {} }, compressBody);
  expect(response.headers.get("content-encoding")).toBeNull();
  expect(await response.bytes()).toEqual(bytes);
});
