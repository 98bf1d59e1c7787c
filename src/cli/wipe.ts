/** `wipe`: gives up the records of a partition below an offset. @module */
import { OperatingError } from "../base/errors.ts";
import { segment } from "./api.ts";
import type { Command } from "./command.ts";
import { formatBytes } from "./table.ts";

interface Wiped {
  readonly log_start_offset: number;
  readonly records: number;
  readonly ledgered: number;
  readonly freed_bytes: number;
}

export const WIPE: Command = {
  usage: "TOPIC PARTITION --before OFFSET",
  summary: "give up the records below an offset; what was not delivered stands in the ledger",
  positionals: { min: 2, max: 2 },
  valued: ["--before"],
  bare: [],
  async run({ api, args, terminal }) {
    const [topic, partition] = args.positionals as [string, string];
    const before = args.count("--before");
    if (before === null) {
      const message = "Cannot wipe without --before: it is the first offset to keep";
      throw new OperatingError("invalid_argument", message);
    }
    const path = `/v1/topics/${segment(topic)}/partitions/${segment(partition)}/records`;
    const wiped = await api().delete(`${path}?before=${before}`) as Wiped;
    await terminal.out(
      `${topic}-${partition} now begins at ${wiped.log_start_offset}: ${wiped.records} records ` +
        `given up, ${wiped.ledgered} of them undelivered and in the ledger, ` +
        `${formatBytes(wiped.freed_bytes)} freed\n`,
    );
  },
};
