import { describe, expect, it } from "vitest";
import { FORECAST } from "../../src/cli/forecast.ts";
import { json, runCommand } from "../support/terminal.ts";

const document = {
  ...{ capacity_bytes: 1_000_000, room_bytes: 400_000, delivered_bytes: 0 },
  full: [
    { rate: "short", window_seconds: 600, seconds: 7_200 },
    { rate: "long", window_seconds: 86_400, seconds: null },
  ],
  topics: [{
    ...{ topic: "logs", disk_policy: "reject", priority: 5, bytes: 2_048 },
    bytes_per_second: { short: 1_024, long: 512 },
  }],
  link_down: null as unknown,
};

describe("forecast", () => {
  it("says when the disk is full, at both rates", async () => {
    const { stdout, calls } = await runCommand(FORECAST, { answer: () => json(document) });
    expect(calls[0]!.url).toMatch(/\/v1\/forecast$/);
    expect(stdout).toContain(
      "The disk is full in 2h (as fast as records came over the last 10min)",
    );
    expect(stdout).toContain(
      "The disk will not be full (as fast as records came over the last 1d)",
    );
    expect(stdout).toMatch(/^logs +reject +5 +2\.0 KiB +3\.5 MiB +1\.8 MiB$/m);
  });

  it("says what an outage costs, for days, hours or minutes", async () => {
    const losses = [
      { topic: "logs", reason: "evicted", records: 10, bytes: 1_024, after_seconds: 3_600 },
    ];
    const answer = () => json({ ...document, link_down: { days: 3, losses } });
    const { stdout, calls } = await runCommand(FORECAST, { args: ["--link-down", "3d"], answer });
    expect(calls[0]!.url).toMatch(/\?link_down_days=3$/);
    expect(stdout).toMatch(
      /If the link is down for 3d:\n\n.*\nlogs +evicted +10 +1\.0 KiB +in 1h\n$/,
    );
    const hours = await runCommand(FORECAST, {
      args: ["--link-down", "12h"],
      answer: () => json({ ...document, link_down: { days: 0.5, losses: [] } }),
    });
    expect(hours.calls[0]!.url).toMatch(/=0\.5$/);
    expect(hours.stdout).toContain("If the link is down for 12h, nothing is lost.");
    await expect(runCommand(FORECAST, { args: ["--link-down", "soon"], answer }))
      .rejects.toThrow("expected 3d, 12h or 90min");
  });
});
