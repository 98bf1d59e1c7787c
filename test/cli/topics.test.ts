import { expect, it } from "vitest";
import { TOPICS } from "../../src/cli/topics.ts";
import { json, runCommand } from "../support/terminal.ts";

it("topics shows a line per partition", async () => {
  const { stdout } = await runCommand(TOPICS, {
    answer: () =>
      json({
        topics: [{
          topic: "logs",
          partitions: [
            { partition: 0, log_start_offset: 5, high_watermark: 25, bytes: 2_048 },
            { partition: 1, log_start_offset: 0, high_watermark: 0, bytes: 0 },
          ],
        }],
      }),
  });
  expect(stdout).toBe(
    "TOPIC  PARTITION  START  END  RECORDS  SIZE\n" +
      "logs           0      5   25       20  2.0 KiB\n" +
      "logs           1      0    0        0  0 B\n",
  );
});
