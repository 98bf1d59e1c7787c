/** `topics`: what a node holds, a line per partition. @module */
import type { Command } from "./command.ts";
import { formatBytes, formatTable } from "./table.ts";

interface TopicList {
  readonly topics: readonly {
    readonly topic: string;
    readonly partitions: readonly {
      readonly partition: number;
      readonly log_start_offset: number;
      readonly high_watermark: number;
      readonly bytes: number;
    }[];
  }[];
}

export const TOPICS: Command = {
  usage: "",
  summary: "list topics and their partitions",
  positionals: { min: 0, max: 0 },
  valued: [],
  bare: [],
  async run({ api, terminal }) {
    const { topics } = await api().get("/v1/topics") as TopicList;
    const rows = topics.flatMap(({ topic, partitions }) =>
      partitions.map((it) => [
        topic,
        it.partition,
        it.log_start_offset,
        it.high_watermark,
        it.high_watermark - it.log_start_offset,
        formatBytes(it.bytes),
      ])
    );
    const head = ["TOPIC", "PARTITION", "START", "END", "RECORDS", "SIZE"];
    await terminal.out(formatTable(head, rows));
  },
};
