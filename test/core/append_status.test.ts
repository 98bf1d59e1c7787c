import { describe, expect, it } from "vitest";
import { appendStatus } from "../../src/core/append_status.ts";
import { Status } from "../../src/core/status.ts";

describe("appendStatus()", () => {
  it("names the four ways an append ends, and no other", () => {
    expect(appendStatus(Status.OK)).toBe("ok");
    expect(appendStatus(Status.BATCH_FULL)).toBe("batch_full");
    expect(appendStatus(Status.NO_SLOT)).toBe("no_slot");
    expect(appendStatus(Status.TOO_LARGE)).toBe("too_large");
    expect(() => appendStatus(Status.BAD_MAGIC)).toThrow("four ways");
  });
});
