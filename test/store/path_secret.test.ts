import { describe, expect, it } from "vitest";
import { openPathSecret, pathKeyOf } from "../../src/store/path_secret.ts";
import { MemoryCatalogue } from "../support/memory_catalogue.ts";
import { seededRandom } from "../support/stores.ts";

const LOG = "0123456789abcdef";

describe("openPathSecret()", () => {
  it("draws one for a data directory, once", async () => {
    const catalogue = new MemoryCatalogue();
    const first = await openPathSecret(catalogue, seededRandom(1), {});
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    const { meta } = await catalogue.load();
    expect(await openPathSecret(catalogue, seededRandom(2), meta)).toBe(first);
    expect(await openPathSecret(new MemoryCatalogue(), seededRandom(2), {})).not.toBe(first);
  });
});

describe("pathKeyOf()", () => {
  it("differs for each log and each secret, and stays", () => {
    const [one, two] = ["11".repeat(32), "22".repeat(32)];
    expect(pathKeyOf(one, LOG)).toMatch(/^[0-9a-f]{32}$/);
    expect(pathKeyOf(one, LOG)).toBe(pathKeyOf(one, LOG));
    expect(pathKeyOf(two, LOG)).not.toBe(pathKeyOf(one, LOG));
    expect(pathKeyOf(one, "1123456789abcdef")).not.toBe(pathKeyOf(one, LOG));
  });
});
