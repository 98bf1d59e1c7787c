import { describe, expect, it } from "vitest";
import { WIPE } from "../../src/cli/wipe.ts";
import { json, runCommand } from "../support/terminal.ts";

describe("wipe", () => {
  it("asks the node, and says what went", async () => {
    const wiped = { log_start_offset: 40, records: 40, ledgered: 3, freed_bytes: 2_048 };
    const { stdout, calls } = await runCommand(WIPE, {
      args: ["a b", "1", "--before", "42"],
      answer: () => json(wiped),
    });
    expect(calls[0]).toMatchObject({ method: "DELETE" });
    expect(calls[0]!.url).toMatch(/\/v1\/topics\/a%20b\/partitions\/1\/records\?before=42$/);
    expect(stdout).toBe(
      "a b-1 now begins at 40: 40 records given up, 3 of them undelivered and in the ledger, " +
        "2.0 KiB freed\n",
    );
  });

  it("wants to be told which to keep", async () => {
    await expect(runCommand(WIPE, { args: ["t", "0"] })).rejects.toThrow("without --before");
  });
});
