/** scan() and decode() are two views of the same bytes, so each is held against the other. */
import { expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { isOperatingError } from "../../src/base/errors.ts";
import { testCore } from "../support/core.ts";

const core = testCore();
const STAMP = { baseOffset: 7, leaderEpoch: 1, logId: "0000000000000abc" } as const;

function sealed(count: number, compression: "none" | "lz4"): Uint8Array {
  core.reset();
  for (let nth = 0; nth < count; nth++) {
    const status = core.append(3, {
      timestamp: 1_000 + nth * 3,
      key: nth % 3 === 0 ? null : utf8(`k/${nth}`),
      value: nth % 5 === 0 ? null : utf8("v".repeat(nth % 40)),
      headers: nth % 2 === 0 ? [] : [["mqtt.topic", utf8(`t/${nth}`)], ["x", null]],
    });
    expect(status).toBe("ok");
  }
  return core.seal(3, { ...STAMP, compression });
}

it("scan() finds what decode() finds, tables of many fillings included", () => {
  for (const compression of ["none", "lz4"] as const) {
    for (const count of [1, 2, 17, 12_000]) {
      const batch = sealed(count, compression);
      const scanned = core.scan(batch);
      expect(scanned).toMatchObject({ baseOffset: 7, nextOffset: 7 + count, count });
      const decoded = core.decode(batch);
      for (let nth = 0; nth < count; nth += Math.max(1, Math.floor(count / 50))) {
        expect(scanned.record(nth), `${compression} ${nth} of ${count}`).toEqual(decoded[nth]);
      }
      expect(scanned.record(count - 1)).toEqual(decoded[count - 1]);
    }
  }
});

it("both refuse what cannot be read", () => {
  const batch = sealed(5, "none");
  batch[batch.length - 3]! ^= 0xff;
  const short = batch.subarray(0, 30);
  for (const read of [core.scan.bind(core), core.decode.bind(core)]) {
    const errorOf = (bytes: Uint8Array) => {
      try {
        return read(bytes);
      } catch (error) {
        return error;
      }
    };
    expect(isOperatingError(errorOf(short), "corrupt_batch")).toBe(true);
  }
});
