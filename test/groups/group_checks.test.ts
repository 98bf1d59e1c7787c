import { describe, expect, it } from "vitest";
import { checkGroupName, checkJoin } from "../../src/groups/group_checks.ts";
import { joinRequest } from "../support/group_world.ts";

describe("checkGroupName()", () => {
  it("takes what people write, and nothing that cannot be shown", () => {
    for (const name of ["g", "my-group.1", "größe", "a b/c", "日本", "x".repeat(249)]) {
      expect(() => checkGroupName(name), name).not.toThrow();
    }
    for (const name of ["", "a\nb", "\0", "\ud800", "\ufffd", "\x7f", "x".repeat(250)]) {
      expect(() => checkGroupName(name), JSON.stringify(name)).toThrow("Cannot use group");
    }
  });
});

describe("checkJoin()", () => {
  it("refuses what is out of range, by name", () => {
    expect(() => checkJoin(joinRequest())).not.toThrow();
    const refused = [
      [{ sessionTimeoutMs: 999 }, "session_timeout_ms"],
      [{ sessionTimeoutMs: 1_800_001 }, "session_timeout_ms"],
      [{ sessionTimeoutMs: NaN }, "session_timeout_ms"],
      [{ rebalanceTimeoutMs: 0 }, "rebalance_timeout_ms"],
      [{ instanceId: "" }, "instance_id"],
      [{ clientId: "a\tb" }, "client_id"],
      [{ protocols: [] }, "1 to 16 assignors"],
      [{ protocols: [{ name: "a", metadata: new Uint8Array(300_000) }] }, "takes 300001 bytes"],
    ] as const;
    for (const [more, said] of refused) {
      expect(() => checkJoin(joinRequest(more)), said).toThrow(said);
    }
  });
});
