import { expect, it } from "vitest";
import { LINK } from "../../src/cli/link.ts";
import { json, runCommand } from "../support/terminal.ts";

const BUDGET = {
  bytes_per_second: 51_200,
  bytes_per_day: null,
  bytes_per_month: 5 * 2 ** 30,
  time_zone: "UTC",
  windows: [{ days: ["mon", "tue"], from: "22:00", to: "06:00" }],
  changed: ["bytes_per_second"],
  used: {
    day: { bytes: 1_024, ends: "2026-11-23T00:00:00.000Z" },
    month: { bytes: 2 ** 20, ends: "2026-12-01T00:00:00.000Z" },
  },
  schedule: { open: false, changes: "2026-11-23T22:00:00.000Z" },
};

it("link shows state, lag, bytes and budget", async () => {
  const { stdout, calls } = await runCommand(LINK, {
    answer: () =>
      json({
        state: "waiting",
        upstream: "http://centre:8080",
        upstream_node: "centre-1",
        error: null,
        waiting_for: { reason: "schedule", until: "2026-11-23T22:00:00.000Z" },
        lag: { records: 12, backlog_bytes: 2_048, live_delay_ms: 15.2369000000763 },
        bytes_per_second: 1_024,
        catch_up_seconds: 61,
        wire: { sent_bytes: 10_240, received_bytes: 512, body_bytes: 1_000, zstd_saved_bytes: 200 },
        compression: { raw_to_wire: 2.5 },
        budget: BUDGET,
      }),
  });
  expect(calls[0]!.url).toBe("http://node.example/v1/link");
  expect(stdout).toMatch(/^upstream +http:\/\/centre:8080 \(centre-1\)$/m);
  expect(stdout).toMatch(/^state +waiting for schedule until 2026-11-23T22:00/m);
  expect(stdout).toMatch(/^backlog +2.0 KiB, 1min 1s$/m);
  expect(stdout).toMatch(/^live delay +15 ms$/m);
  expect(stdout).toMatch(/^sent +10.0 KiB, 20 % saved by zstd, raw to wire 2.5$/m);
  expect(stdout).toMatch(/^cap +50.0 KiB\/s$/m);
  expect(stdout).toMatch(/^used this month +1.0 MiB of 5.0 GiB, until 2026-12-01/m);
  expect(stdout).toMatch(/^windows +mon,tue 22:00-06:00 \(UTC\); opens 2026-11-23T22:00/m);
  expect(stdout).toMatch(/^set at run time +bytes_per_second$/m);
});

it("link says when there is none", async () => {
  const { stdout, remarks } = await runCommand(LINK, {
    answer: () => json({ state: "none", upstream: null }),
  });
  expect([stdout, remarks]).toEqual(["", ["This node has no upstream."]]);
});
