import { expect, it } from "vitest";
import { HOST_RANDOM } from "../../src/host/random.ts";

it("fills more than one call of the platform takes", () => {
  const bytes = new Uint8Array(200_000);
  HOST_RANDOM.fill(bytes);
  // A run of 64 zeros has a chance of 2^-512.
  expect(bytes.subarray(199_936).some((byte) => byte !== 0)).toBe(true);
  expect(bytes.subarray(65_536, 65_600).some((byte) => byte !== 0)).toBe(true);
  expect(HOST_RANDOM.next()).toBeLessThan(1);
});
