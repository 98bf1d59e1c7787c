/**
 * `losses`: the ledger of a node, and the account of each log in records:
 * accepted = delivered + pending + ledgered.
 *
 * @module
 */
import { OperatingError } from "../base/errors.ts";
import type { Api } from "./api.ts";
import type { Arguments } from "./arguments.ts";
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
  usage: "[--topic TOPIC] [--reason REASON] [--since TIME] [--until TIME]",
  summary:
    "show the account of each log, and every record that will not be delivered; times are\n" +
    "      of the records: 2026-11-22T03:00 or milliseconds since 1970",
  positionals: { min: 0, max: 0 },
  valued: ["--topic", "--reason", "--since", "--until"],
  bare: [],
  async run({ api, args, terminal }) {
    const { entries, accounts } = await everything(api(), filterOf(args));
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

function filterOf(args: Arguments): string {
  let filter = "";
  for (const name of ["topic", "reason", "since", "until"] as const) {
    const text = args.text(`--${name}`);
    if (text === null) continue;
    const value = name === "since" || name === "until" ? timeOf(`--${name}`, text) : text;
    filter += `&${name}=${encodeURIComponent(value)}`;
  }
  return filter;
}

function timeOf(flag: string, text: string): number {
  const time = /^\d+$/.test(text) ? Number(text) : Date.parse(text);
  if (Number.isSafeInteger(time) && time >= 0) return time;
  const message =
    `Cannot use ${flag} "${text}": expected a time as 2026-11-22T03:00, or milliseconds`;
  throw new OperatingError("invalid_argument", message);
}

/** All pages of entries; the accounts of the last are the newest. */
async function everything(
  api: Api,
  filter: string,
): Promise<Pick<LossPage, "entries" | "accounts">> {
  const entries: Entry[] = [];
  let after = 0;
  for (;;) {
    const page = await api.get(`/v1/losses?after=${after}${filter}`) as LossPage;
    entries.push(...page.entries);
    if (page.next_after === null) return { entries, accounts: page.accounts };
    after = page.next_after;
  }
}
