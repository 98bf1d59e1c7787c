/**
 * `losses`: the ledger of a node, and the account of each log in records:
 * accepted = delivered + pending + ledgered.
 *
 * @module
 */
import type { Api } from "./api.ts";
import type { Command } from "./command.ts";
import { formatTable } from "./table.ts";

interface Entry {
  readonly id: number;
  readonly log_id: string;
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
  readonly to: number;
  readonly count: number;
  readonly reason: string;
  readonly state: string;
  readonly at: number;
}

interface LossPage {
  readonly entries: readonly Entry[];
  readonly next_after: number | null;
  readonly accounts: readonly {
    readonly log_id: string;
    readonly gateway: string;
    readonly topic: string;
    readonly partition: number;
    readonly accepted: number;
    readonly delivered: number;
    readonly pending: number;
    readonly ledgered: number;
  }[];
}

const ACCOUNT_HEAD = [
  ...["GATEWAY", "TOPIC", "PARTITION", "LOG ID"],
  ...["ACCEPTED", "DELIVERED", "PENDING", "LEDGERED"],
];
const ENTRY_HEAD = [
  ...["ENTRY", "AT", "TOPIC", "PARTITION", "LOG ID", "OFFSETS", "RECORDS", "REASON", "STATE"],
];

export const LOSSES: Command = {
  usage: "",
  summary: "show the account of each log, and every record that will not be delivered",
  positionals: { min: 0, max: 0 },
  valued: [],
  bare: [],
  async run({ api, terminal }) {
    const { entries, accounts } = await everything(api());
    await terminal.out(formatTable(
      ACCOUNT_HEAD,
      accounts.map((it) => [
        ...[it.gateway, it.topic, it.partition, it.log_id],
        ...[it.accepted, it.delivered, it.pending, it.ledgered],
      ]),
    ));
    if (entries.length === 0) return terminal.out("\nNo losses.\n");
    await terminal.out("\n");
    await terminal.out(formatTable(
      ENTRY_HEAD,
      entries.map((it) => [
        ...[it.id, new Date(it.at).toISOString(), it.topic, it.partition, it.log_id],
        ...[`${it.from}..${it.to - 1}`, it.count, it.reason, it.state],
      ]),
    ));
  },
};

/** All pages of entries; the accounts of the last are the newest. */
async function everything(api: Api): Promise<Pick<LossPage, "entries" | "accounts">> {
  const entries: Entry[] = [];
  let after = 0;
  for (;;) {
    const page = await api.get(`/v1/losses?after=${after}`) as LossPage;
    entries.push(...page.entries);
    if (page.next_after === null) return { entries, accounts: page.accounts };
    after = page.next_after;
  }
}
