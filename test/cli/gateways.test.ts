import { expect, it } from "vitest";
import { GATEWAYS } from "../../src/cli/gateways.ts";
import { json, runCommand } from "../support/terminal.ts";

it("gateways shows a line per log, and a dash for what is not known", async () => {
  const log = { gateway: "gw-1", topic: "logs", partition: 0, log_id: "00000000000000aa" };
  const { stdout, remarks, calls } = await runCommand(GATEWAYS, {
    args: ["--closed"],
    answer: () =>
      json({
        gateways: [
          { ...log, watermark: 7, lag_records: 3, lag_bytes: 300, lag_seconds: 61, last_seen: 0 },
          {
            ...{ ...log, watermark: 70, lag_records: null },
            ...{ lag_bytes: null, lag_seconds: null, last_seen: null },
          },
        ],
        clones: [{
          node_id: "00000000000000ee",
          nodes: [
            { node_name: "kiosk", address: "10.0.0.1:9" },
            { node_name: "kiosk-2", address: null },
          ],
        }],
      }),
  });
  expect(calls[0]!.url).toBe("http://node.example/v1/gateways?closed=true");
  const [, first, second] = stdout.split("\n");
  expect(first).toMatch(/^gw-1 .* 00000000000000aa +7 +3 +300 B +1min 1s +1970-01-01T00:00:00/);
  expect(remarks[0]).toContain(
    "00000000000000ee runs twice: kiosk at 10.0.0.1:9 and kiosk-2 at ?.",
  );
  expect(second).toMatch(/ 70 +- +- +- +-$/);
});
