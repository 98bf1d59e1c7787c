/** Bodies in one zstd frame: what is taken, and what a hostile one costs. */
import { describe, expect, it } from "vitest";
import { deflate, inflate } from "../../../src/host/inflate.ts";
import { BodyReader } from "../../../src/replication/http/body_reader.ts";
import { unpackerOf } from "../../../src/replication/http/content_encoding.ts";
import { HandClock } from "../../support/hand_clock.ts";

const BYTES_MAX = 100_000;
const zstd = new Headers({ "content-encoding": "zstd" });
const unpack = unpackerOf(zstd, { protocol: 2, inflate, bytesMax: BYTES_MAX })!;
const text = new TextEncoder().encode("one line of a log\n".repeat(1_000));

describe("unpackerOf()", () => {
  it("leaves a body alone that is not packed", () => {
    const options = { protocol: 1, inflate, bytesMax: 1 };
    expect(unpackerOf(new Headers(), options)).toBeNull();
    expect(unpackerOf(new Headers({ "content-encoding": "identity" }), options)).toBeNull();
  });

  it("unpacks byte for byte", () => {
    expect(unpack(deflate("zstd", text))).toEqual(text);
  });

  it.each([
    [1, "zstd", inflate],
    [2, "gzip", inflate],
    [2, "zstd, zstd", inflate],
    [2, "zstd", undefined],
  ])("refuses in version %i what is %s before it is read", (protocol, encoding, inflate) => {
    const headers = new Headers({ "content-encoding": encoding });
    expect(() => unpackerOf(headers, { protocol, inflate, bytesMax: 1 })).toThrow(
      expect.objectContaining({ code: "unsupported_media_type" }),
    );
  });

  it("refuses a bomb once it is over the limit", () => {
    const bomb = deflate("zstd", new Uint8Array(64 * 1024 * 1024));
    expect(bomb.length).toBeLessThan(10_000);
    expect(() => unpack(bomb)).toThrow(
      expect.objectContaining({ code: "body_too_large", detail: { limit: BYTES_MAX } }),
    );
  });

  it("refuses what is damaged, cut or something else", () => {
    const packed = deflate("zstd", text);
    const damaged = packed.map((byte, at) => at === 0 ? byte ^ 1 : byte);
    for (const bytes of [damaged, packed.subarray(0, packed.length - 5), text, new Uint8Array(0)]) {
      expect(() => unpack(bytes)).toThrow(expect.objectContaining({ code: "malformed_body" }));
    }
  });
});

describe("BodyReader.read() with an unpacker", () => {
  const requestOf = (body: BodyInit) => new Request("http://node/", { method: "POST", body });

  it("counts what a body unpacks to against its budget", async () => {
    const packed = deflate("zstd", text);
    const reader = new BodyReader({ timers: new HandClock(), budgetBytes: text.length + 1_000 });
    const first = await reader.read(requestOf(packed), BYTES_MAX, unpack);
    expect(first.bytes).toEqual(text);
    expect(reader.heldBytes).toBe(text.length);
    await expect(reader.read(requestOf(packed), BYTES_MAX, unpack)).rejects.toMatchObject({
      code: "overloaded",
    });
    first.release();
    expect(reader.heldBytes).toBe(0);
    await expect(reader.read(requestOf("no zstd"), BYTES_MAX, unpack)).rejects.toMatchObject({
      code: "malformed_body",
    });
    expect(reader.heldBytes).toBe(0);
  });
});
