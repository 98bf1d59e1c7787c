import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { compressBody } from "../../src/host/compress_body.ts";

const INFLATE = { gzip: gunzipSync, zstd: zstdDecompressSync } as const;

it.each(["gzip", "zstd"] as const)(
  "compressBody() packs in %s what comes out the same",
  async (coding) => {
    for (const size of [0, 1, 64 * 1024, 64 * 1024 + 1, 1_000_000]) {
      const body = utf8("a line of a log\n".repeat(size / 16 + 1).slice(0, size));
      const packed = await compressBody(coding, body);
      expect(new Uint8Array(INFLATE[coding](packed)), `${size}`).toEqual(body);
      if (size > 1_000) expect(packed.length).toBeLessThan(size / 10);
    }
  },
);

it("compressBody() leaves the event loop to others between slices", async () => {
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  await compressBody("gzip", new Uint8Array(8_000_000));
  clearInterval(timer);
  expect(turns).toBeGreaterThan(2);
});
