import { describe, expect, it } from "vitest";
import { ConnectionLimits } from "../../../src/ingress/mqtt/connection_limits.ts";

describe("ConnectionLimits", () => {
  it("counts all, and those of one address", () => {
    const limits = new ConnectionLimits({ connectionsMax: 3, connectionsPerAddressMax: 2 });
    const entered = ["a:1", "a:2", "a:3", "b:1", "c:1"].map((remote) => limits.enter(remote));
    expect(entered).toEqual([true, true, false, true, false]);
    limits.leave("a:1");
    expect(limits.enter("a:4")).toBe(true);
    expect(limits.enter("c:1")).toBe(false);
  });

  it("knows addresses of IPv6 by all of them", () => {
    const limits = new ConnectionLimits({ connectionsMax: 9, connectionsPerAddressMax: 1 });
    expect(["fe80::1:5", "fe80::2:5", "fe80::1:6"].map((remote) => limits.enter(remote)))
      .toEqual([true, true, false]);
  });
});
