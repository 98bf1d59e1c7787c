/** `gateways`: what replicates to a node, a line per log. @module */
import type { Command } from "./command.ts";
import { formatBytes, formatSeconds, formatTable } from "./table.ts";

interface GatewayList {
  readonly gateways: readonly {
    readonly gateway: string;
    readonly topic: string;
    readonly partition: number;
    readonly log_id: string;
    readonly watermark: number;
    readonly lag_records: number | null;
    readonly lag_bytes: number | null;
    readonly lag_seconds: number | null;
    readonly last_seen: number | null;
  }[];
  readonly clones: readonly {
    readonly node_id: string;
    readonly nodes: readonly { readonly node_name: string; readonly address: string | null }[];
  }[];
}

const HEAD = [
  ...["GATEWAY", "TOPIC", "PARTITION", "LOG ID", "WATERMARK"],
  ...["LAG", "LAG SIZE", "LAG TIME", "LAST SEEN"],
];

export const GATEWAYS: Command = {
  usage: "[--closed]",
  summary: "list the logs that replicate to a node, and how far behind each is",
  positionals: { min: 0, max: 0 },
  valued: [],
  bare: ["--closed"],
  async run({ args, api, terminal }) {
    const query = args.has("--closed") ? "?closed=true" : "";
    const { gateways, clones } = await api().get(`/v1/gateways${query}`) as GatewayList;
    const rows = gateways.map((log) => [
      log.gateway,
      log.topic,
      log.partition,
      log.log_id,
      log.watermark,
      log.lag_records,
      log.lag_bytes === null ? null : formatBytes(log.lag_bytes),
      log.lag_seconds === null ? null : formatSeconds(log.lag_seconds),
      log.last_seen === null ? null : new Date(log.last_seen).toISOString(),
    ]);
    await terminal.out(formatTable(HEAD, rows));
    for (const { node_id, nodes } of clones) {
      const names = nodes.map(({ node_name, address }) => `${node_name} at ${address ?? "?"}`);
      terminal.remark(
        `Node ${node_id} runs twice: ${names.join(" and ")}. One is a copy of the other's data ` +
          "directory: give it an empty one of its own.",
      );
    }
  },
};
