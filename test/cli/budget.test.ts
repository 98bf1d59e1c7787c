import { describe, expect, it } from "vitest";
import { BUDGET } from "../../src/cli/budget.ts";
import { json, runCommand } from "../support/terminal.ts";

const SHOWN = {
  bytes_per_second: null,
  bytes_per_day: null,
  bytes_per_month: null,
  time_zone: "UTC",
  windows: [],
  changed: [],
  used: { day: { bytes: 0, ends: "d" }, month: { bytes: 0, ends: "m" } },
  schedule: { open: true, changes: null },
};

async function run(...args: readonly string[]) {
  const { stdout, calls } = await runCommand(BUDGET, { args, answer: () => json(SHOWN) });
  const { method, url, body } = calls[0]!;
  const sent = body === undefined ? undefined : JSON.parse(new TextDecoder().decode(body));
  return { stdout, method, path: url.replace("http://node.example", ""), sent };
}

describe("budget", () => {
  it("shows what the link may use", async () => {
    const { stdout, method, path } = await run();
    expect([method, path]).toEqual(["GET", "/v1/link/budget"]);
    expect(stdout).toMatch(/^cap +none$/m);
    expect(stdout).toMatch(/^windows +at any time$/m);
  });

  it("changes what is named", async () => {
    expect(await run("--per-second", "64KiB", "--per-day", "none", "--per-month=5GiB"))
      .toMatchObject({
        method: "PUT",
        sent: { bytes_per_second: 65_536, bytes_per_day: null, bytes_per_month: 5 * 2 ** 30 },
      });
    expect(await run("--windows", "mon,tue 22:00-06:00; 12:00-13:00", "--time-zone", "Asia/Tokyo"))
      .toMatchObject({
        sent: {
          windows: [
            { days: ["mon", "tue"], from: "22:00", to: "06:00" },
            { from: "12:00", to: "13:00" },
          ],
          time_zone: "Asia/Tokyo",
        },
      });
    expect(await run("--windows", "none")).toMatchObject({ sent: { windows: null } });
  });

  it("returns to the configuration", async () => {
    expect(await run("--reset")).toMatchObject({ method: "DELETE", path: "/v1/link/budget" });
  });

  it.each([
    [["--per-second", "fast"], "bytes from 1"],
    [["--windows", "at night"], "expected such as"],
    [["--reset", "--per-day", "1MiB"], "beside a change"],
  ])("refuses %j", async (args, said) => {
    await expect(run(...args)).rejects.toThrow(said);
  });
});
