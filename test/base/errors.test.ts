import { describe, expect, it } from "vitest";
import { isOperatingError, messageOf, OperatingError } from "../../src/base/errors.ts";

describe("OperatingError", () => {
  it("says by its code whether a retry can help", () => {
    expect(new OperatingError("storage_full", "full").retriable).toBe(true);
    expect(new OperatingError("corrupt_batch", "bad").retriable).toBe(false);
  });

  it("keeps its coordinates and its cause", () => {
    const cause = new Error("EIO");
    const error = new OperatingError("storage_failed", "Cannot sync", { path: "t-0/x.log" }, cause);
    expect(error.detail).toEqual({ path: "t-0/x.log" });
    expect(error.cause).toBe(cause);
  });
});

describe("isOperatingError()", () => {
  it("tells troubles from bugs, and one code from another", () => {
    const error = new OperatingError("not_found", "none");
    expect(isOperatingError(error)).toBe(true);
    expect(isOperatingError(error, "not_found")).toBe(true);
    expect(isOperatingError(error, "forbidden")).toBe(false);
    expect(isOperatingError(new Error("none"))).toBe(false);
  });
});

it("messageOf() reads whatever was thrown", () => {
  expect(messageOf(new Error("a"))).toBe("a");
  expect(messageOf("b")).toBe("b");
});
