/**
 * GET /v1/losses: the ledger, and the account of each log, in records. It closes:
 *
 *     accepted = delivered + pending + ledgered
 *
 *   accepted   offsets this node synced (its own logs), or holds and knows of (those of others)
 *   delivered  settled at the root of the chain; where there is no upstream this node is the root
 *   pending    neither delivered nor ledgered
 *   ledgered   left without being delivered, by an entry that stands
 *
 * @module
 */
import { OperatingError } from "../../base/errors.ts";
import { LISTED_LOGS_MAX } from "../../base/limits.ts";
import type { Offset, OffsetRange } from "../../base/types.ts";
import { Query } from "../../protocol/http/query.ts";
import type { OwnLogRow } from "../../store/catalogue.ts";
import {
  encodeEntry,
  type EntryRow,
  LEDGER_REASONS,
  type LedgerEntry,
} from "../../store/ledger_entry.ts";
import type { ReceivedLog } from "../../store/received_ranges.ts";
import { lagsOf, receivedOf } from "./gateway_lag.ts";
import type { EgressOptions, EgressStore } from "./options.ts";

const PARAMETERS = ["after", "max_entries", "log_id", "topic", "reason", "since", "until"];
/** Entries of one page. */
const ENTRIES_DEFAULT = 1_000;
const ENTRIES_MAX = 10_000;
const SAFE = { min: 0, max: Number.MAX_SAFE_INTEGER };

/** What one log's records came to. */
export interface Account {
  readonly log_id: string;
  readonly gateway: string;
  readonly topic: string;
  readonly partition: number;
  /** Source offsets of it that this node knows of: from the first, to the end, exclusive. */
  readonly first_offset: Offset;
  readonly end_offset: Offset;
  readonly accepted: number;
  readonly delivered: number;
  readonly pending: number;
  readonly ledgered: number;
}

/** Which logs, and which of their entries, are asked for. */
interface Wanted {
  readonly logId: string | undefined;
  readonly topic: string | undefined;
  readonly reason: string | undefined;
  /** Timestamps of records. */
  readonly since: number;
  readonly until: number;
}

export function listLosses(options: EgressOptions, request: Request): unknown {
  const query = new Query(request.url, PARAMETERS);
  const after = query.integer("after", SAFE) ?? 0;
  const max = query.integer("max_entries", { min: 1, max: ENTRIES_MAX }) ?? ENTRIES_DEFAULT;
  const wanted = {
    logId: query.text("log_id"),
    topic: query.text("topic"),
    reason: reasonOf(query),
    since: query.integer("since", SAFE) ?? 0,
    until: query.integer("until", SAFE) ?? Infinity,
  };
  const { entries, next } = pageOfEntries(options.store, { after, max, wanted });
  return { entries, next_after: next, ...accountsOf(options, wanted) };
}

/** @throws {OperatingError} invalid_argument: a misspelt reason must not look like no loss. */
function reasonOf(query: Query): string | undefined {
  const reason = query.text("reason");
  if (reason === undefined || LEDGER_REASONS.some((known) => known === reason)) return reason;
  const message = `Cannot take reason="${reason.slice(0, 40)}": known: ${
    LEDGER_REASONS.join(", ")
  }`;
  throw new OperatingError("invalid_argument", message, { parameter: "reason" });
}

function pageOfEntries(
  { ledger }: EgressStore,
  { after, max, wanted }: { after: number; max: number; wanted: Wanted },
): { entries: EntryRow[]; next: number | null } {
  const entries: EntryRow[] = [];
  for (const entry of ledger.entries()) {
    if (entry.id <= after || !isWanted(entry, wanted)) continue;
    if (entries.length === max) return { entries, next: entries.at(-1)!.id };
    entries.push(encodeEntry(entry));
  }
  return { entries, next: null };
}

function isWanted(entry: LedgerEntry, { logId, topic, reason, since, until }: Wanted): boolean {
  if (logId !== undefined && entry.logId !== logId) return false;
  if (topic !== undefined && entry.topic !== topic) return false;
  if (reason !== undefined && entry.reason !== reason) return false;
  // Where nothing is known of the records, when it was found out has to do.
  const known = entry.maxTimestamp >= 0;
  const [first, last] = known ? [entry.minTimestamp, entry.maxTimestamp] : [entry.atMs, entry.atMs];
  return last >= since && first < until;
}

/** Every log counts in the totals; so many are shown one by one. */
function accountsOf(
  options: EgressOptions,
  wanted: Wanted,
): Record<string, unknown> {
  const totals = { accepted: 0, delivered: 0, pending: 0, ledgered: 0 };
  const accounts: Account[] = [];
  let omitted = 0;
  for (const account of eachAccount(options, wanted)) {
    totals.accepted += account.accepted;
    totals.delivered += account.delivered;
    totals.pending += account.pending;
    totals.ledgered += account.ledgered;
    if (accounts.length < LISTED_LOGS_MAX) accounts.push(account);
    else omitted++;
  }
  return { accounts, accounts_omitted: omitted, totals };
}

function* eachAccount(
  options: EgressOptions,
  { logId, topic }: Pick<Wanted, "logId" | "topic">,
): Iterable<Account> {
  const { store, nodeName } = options;
  const lags = lagsOf(options);
  for (const row of store.logs.all()) {
    if (logId !== undefined && row.logId !== logId) continue;
    if (topic === undefined || row.topic === topic) yield ownAccount(store, nodeName, row);
  }
  for (const log of store.ranges.all()) {
    if (logId !== undefined && log.logId !== logId) continue;
    if (topic !== undefined && log.source.topic !== topic) continue;
    yield receivedAccount(store, log, lags.get(log.logId)?.records ?? 0);
  }
}

function ownAccount(store: EgressStore, gateway: string, row: OwnLogRow): Account {
  const end = store.logs.endOf(
    row,
    store.topic(row.topic)?.partitions[row.partition]
      ?.highWatermark ?? row.firstOffset,
  );
  const accepted = Math.max(0, end - row.firstOffset);
  const losses = store.ledger.standing(row.logId);
  const settled = store.hasUpstream ? store.forwarded.ofLog(row.logId)?.settled ?? 0 : end;
  const whole = { from: row.firstOffset, to: end };
  return {
    log_id: row.logId,
    gateway,
    topic: row.topic,
    partition: row.partition,
    first_offset: row.firstOffset,
    end_offset: row.firstOffset + accepted,
    ...balance(accepted, { settled, losses, whole }),
  };
}

/** `missing`: what is still to come of it, as far as it is known. */
function receivedAccount(store: EgressStore, log: ReceivedLog, missing: number): Account {
  const here = receivedOf(log);
  // What was given up here since is in the ledger, too.
  const losses = store.ledger.standing(log.logId);
  const lost = sumWithin(losses, { from: log.firstOffset, to: Infinity });
  const settled = store.hasUpstream
    ? store.forwarded.ofLog(log.logId)?.settled ?? log.firstOffset
    : Infinity;
  const settledHere = Math.min(Math.max(0, settled - log.firstOffset), here);
  const lostBelow = sumWithin(losses, { from: log.firstOffset, to: settled });
  const delivered = Math.max(0, settledHere - lostBelow);
  return {
    log_id: log.logId,
    gateway: log.gateway,
    topic: log.source.topic,
    partition: log.source.partition,
    first_offset: log.firstOffset,
    end_offset: log.watermark,
    accepted: here + missing,
    delivered,
    pending: here + missing - delivered - lost,
    ledgered: lost,
  };
}

/** Splits what was accepted, so that it adds up. */
function balance(
  accepted: number,
  { settled, losses, whole }: {
    readonly settled: Offset;
    readonly losses: readonly OffsetRange[];
    readonly whole: OffsetRange;
  },
): Pick<Account, "accepted" | "delivered" | "pending" | "ledgered"> {
  const ledgered = sumWithin(losses, whole);
  const settledTo = Math.min(Math.max(settled, whole.from), whole.to);
  const settledRange = { from: whole.from, to: settledTo };
  const delivered = settledTo - whole.from - sumWithin(losses, settledRange);
  return { accepted, delivered, pending: accepted - delivered - ledgered, ledgered };
}

/** Offsets of `ranges` that lie in `within`. Entries of one log do not overlap. */
function sumWithin(ranges: readonly OffsetRange[], within: OffsetRange): number {
  return ranges.reduce(
    (sum, { from, to }) => sum + Math.max(0, Math.min(to, within.to) - Math.max(from, within.from)),
    0,
  );
}
