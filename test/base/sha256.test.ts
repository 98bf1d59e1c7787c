/** Vectors of FIPS 180-2, appendix B; other lengths against Node's own. */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { toHex, utf8 } from "../../src/base/bytes.ts";
import { Sha256, sha256 } from "../../src/base/sha256.ts";

describe("Sha256", () => {
  it("gives the digests of the standard", () => {
    expect(toHex(sha256(utf8("abc")))).toBe(
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
    expect(toHex(sha256(utf8("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")))).toBe(
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    );
    expect(toHex(sha256(utf8("a".repeat(1_000_000))))).toBe(
      "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
    );
  });

  it("gives the same for every length, however it is cut", () => {
    const bytes = Uint8Array.from({ length: 300 }, (_, at) => at * 37);
    for (let size = 0; size <= bytes.length; size++) {
      const whole = bytes.subarray(0, size);
      const expected = createHash("sha256").update(whole).digest("hex");
      const sum = new Sha256();
      for (let at = 0, step = 1; at < size; at += step, step = (step * 5) % 71) {
        sum.update(whole.subarray(at, at + step));
      }
      expect(toHex(sum.digest()), `${size} bytes`).toBe(expected);
    }
  });

  it("goes on from a copy as from itself", () => {
    const sum = new Sha256().update(utf8("ab"));
    const copy = sum.copy().update(utf8("c"));
    expect(toHex(copy.digest())).toBe(toHex(sha256(utf8("abc"))));
    expect(toHex(sum.digest())).toBe(toHex(sha256(utf8("ab"))));
  });

  it("takes nothing after its digest was told", () => {
    const sum = new Sha256();
    sum.digest();
    expect(() => sum.update(new Uint8Array(1))).toThrow("told");
  });
});
