/**
 * The ledger: what was lost, why, and how the account of each log stands.
 *
 * @module
 */
import { QueryText } from "./read_options.ts";
import type { Transport } from "./transport.ts";

/**
 * Which losses are asked for.
 *
 * @example What the last hour's records suffered
 * ```ts
 * import { Client, type LossesOptions } from "@logboom/client";
 *
 * const wanted: LossesOptions = { topic: "logs", since: Date.now() - 3_600_000 };
 * console.log((await new Client({ url: "http://localhost:8080" }).losses(wanted)).entries);
 * ```
 */
export interface LossesOptions {
  /** Only of this topic, at the gateway they came from. */
  readonly topic?: string;
  /** Only of this log. */
  readonly logId?: string;
  /** Only for this reason. */
  readonly reason?: string;
  /** Only with records of this time or later. */
  readonly since?: Date | number;
  /** Only with records of before this time. */
  readonly until?: Date | number;
  /** Only entries behind this one. */
  readonly after?: number;
  /** Entries at most. */
  readonly maxEntries?: number;
  /** Ends the call. */
  readonly signal?: AbortSignal;
}

/**
 * An entry of the ledger: records that will not be delivered, in one piece.
 *
 * @example How long ago it was
 * ```ts
 * import { Client, type Loss } from "@logboom/client";
 *
 * const age = ({ maxTimestamp }: Loss) => (Date.now() - maxTimestamp) / 1_000;
 * const { entries } = await new Client({ url: "http://localhost:8080" }).losses({ topic: "logs" });
 * console.log(entries.map(age));
 * ```
 */
export interface Loss {
  /** Rises with each entry. */
  readonly id: number;
  /** Whose they were; null where damage left no way to tell. */
  readonly logId: string | null;
  /** The topic at their gateway. */
  readonly topic: string;
  /** The partition there. */
  readonly partition: number;
  /** The first of their offsets there. */
  readonly from: number;
  /** The first behind them. */
  readonly to: number;
  /** How many they were. */
  readonly count: number;
  /** Why: `evicted`, `wiped`, `quarantined` ..., in the node's words. */
  readonly reason: string;
  /** `provisional`: they may come back; `final`; `reversed`: they did. */
  readonly state: "provisional" | "final" | "reversed";
  /** Timestamp of the earliest of them; -1 where that is not known. */
  readonly minTimestamp: number;
  /** Timestamp of the latest. */
  readonly maxTimestamp: number;
  /** When it was written down, in milliseconds since the Unix epoch. */
  readonly at: number;
}

/**
 * An account, in records. It closes: accepted = delivered + pending + ledgered.
 *
 * @example Does it close?
 * ```ts
 * import { type Account, Client } from "@logboom/client";
 *
 * const closes = ({ accepted, delivered, pending, ledgered }: Account) =>
 *   accepted === delivered + pending + ledgered;
 * console.log(closes((await new Client({ url: "http://localhost:8080" }).losses()).totals));
 * ```
 */
export interface Account {
  /** Records a gateway acknowledged. */
  readonly accepted: number;
  /** Of these, what reached the centre. */
  readonly delivered: number;
  /** What is still on its way. */
  readonly pending: number;
  /** What is in the ledger. */
  readonly ledgered: number;
}

/**
 * The account of one log: one run of one partition of one gateway.
 *
 * @example Which gateways are behind
 * ```ts
 * import { Client, type LogAccount } from "@logboom/client";
 *
 * const behind = ({ pending }: LogAccount) => pending > 0;
 * const { accounts } = await new Client({ url: "http://localhost:8080" }).losses();
 * console.log(accounts.filter(behind).map(({ gateway }) => gateway));
 * ```
 */
export interface LogAccount extends Account {
  /** The log. */
  readonly logId: string;
  /** The gateway's name. */
  readonly gateway: string;
  /** The topic there. */
  readonly topic: string;
  /** The partition there. */
  readonly partition: number;
}

/**
 * What the ledger says.
 *
 * @example All entries, page by page
 * ```ts
 * import { Client, type Losses } from "@logboom/client";
 *
 * const client = new Client({ url: "http://localhost:8080" });
 * for (let after: number | null = 0; after !== null;) {
 *   const page: Losses = await client.losses({ after });
 *   console.log(page.entries.length);
 *   after = page.nextAfter;
 * }
 * ```
 */
export interface Losses {
  /** What was lost. */
  readonly entries: readonly Loss[];
  /** Where there are more entries: the next `after`; else null. */
  readonly nextAfter: number | null;
  /** Each log's account. */
  readonly accounts: readonly LogAccount[];
  /** All logs' accounts together, those that are not shown too. */
  readonly totals: Account;
}

interface WireLosses {
  readonly entries: readonly (Omit<Loss, "logId" | "minTimestamp" | "maxTimestamp"> & {
    readonly log_id: string | null;
    readonly min_timestamp: number;
    readonly max_timestamp: number;
  })[];
  readonly next_after: number | null;
  readonly accounts: readonly (Omit<LogAccount, "logId"> & { readonly log_id: string })[];
  readonly totals: Account;
}

/** @throws {LogboomError} */
export async function fetchLosses(transport: Transport, options: LossesOptions): Promise<Losses> {
  const { topic, logId, reason, after, maxEntries, signal } = options;
  const query = new QueryText().filter({
    ...(options.since === undefined ? {} : { since: options.since }),
    ...(options.until === undefined ? {} : { until: options.until }),
  }).add("topic", topic).add("log_id", logId).add("reason", reason).add("after", after)
    .add("max_entries", maxEntries);
  const losses = await transport.json<WireLosses>({ path: `/v1/losses${query}`, signal });
  return {
    entries: losses.entries.map((entry) => ({
      ...{ id: entry.id, logId: entry.log_id, topic: entry.topic, partition: entry.partition },
      ...{ from: entry.from, to: entry.to, count: entry.count, reason: entry.reason },
      ...{ state: entry.state, at: entry.at },
      ...{ minTimestamp: entry.min_timestamp, maxTimestamp: entry.max_timestamp },
    })),
    nextAfter: losses.next_after,
    accounts: losses.accounts.map((account) => ({
      ...{ logId: account.log_id, gateway: account.gateway },
      ...{ topic: account.topic, partition: account.partition },
      ...accountOf(account),
    })),
    totals: accountOf(losses.totals),
  };
}

function accountOf({ accepted, delivered, pending, ledgered }: Account): Account {
  return { accepted, delivered, pending, ledgered };
}
