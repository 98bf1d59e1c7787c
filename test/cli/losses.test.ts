import { describe, expect, it } from "vitest";
import { LOSSES } from "../../src/cli/losses.ts";
import { json, runCommand } from "../support/terminal.ts";

const account = {
  ...{ log_id: "00000000000000aa", gateway: "gw-1", topic: "logs", partition: 0 },
  ...{ accepted: 10, delivered: 6, pending: 1, ledgered: 3 },
};
const entry = (id: number) => ({
  ...{ id, log_id: "00000000000000aa", topic: "logs", partition: 0, from: 0, to: 3, count: 3 },
  ...{ reason: "evicted", state: "final", at: 0 },
});

describe("losses", () => {
  it("shows accounts and every page of entries", async () => {
    const { stdout, calls } = await runCommand(LOSSES, {
      answer: ({ url }) =>
        url.endsWith("after=0")
          ? json({ accounts: [], entries: [entry(1)], next_after: 1 })
          : json({ accounts: [account], entries: [entry(2)], next_after: null }),
    });
    expect(calls).toHaveLength(2);
    expect(stdout).toMatch(/^GATEWAY .*LEDGERED\ngw-1 +logs +0 +00000000000000aa +10 +6 +1 +3\n/);
    expect(stdout.match(/0\.\.2 +3 +evicted +final$/gm)).toHaveLength(2);
  });

  it("asks for a topic, a reason and a time", async () => {
    const page = { accounts: [], entries: [], next_after: null };
    const args = ["--topic", "a b", "--reason=wiped", "--since", "1970-01-01T00:00:01Z"];
    const { calls } = await runCommand(LOSSES, { args, answer: () => json(page) });
    expect(calls[0]!.url).toMatch(/after=0&topic=a%20b&reason=wiped&since=1000$/);
    await expect(runCommand(LOSSES, { args: ["--until", "late"], answer: () => json(page) }))
      .rejects.toThrow("expected a time");
  });

  it("says so when nothing was lost", async () => {
    const page = { accounts: [account], entries: [], next_after: null };
    const { stdout } = await runCommand(LOSSES, { answer: () => json(page) });
    expect(stdout).toMatch(/\nNo losses\.\n$/);
  });
});
