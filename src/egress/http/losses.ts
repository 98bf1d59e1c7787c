/**
 * GET /v1/losses: the ledger, and the account of each log, in records. It closes:
 *
 *     accepted = delivered + pending + ledgered
 *
 *   accepted   records this node synced (its own logs), or holds and knows of (those of others)
 *   delivered  below what is settled at the root of the chain; where there is no upstream this node
 *              is the root, and what it holds above the watermark is delivered, too
 *   pending    neither delivered nor ledgered
 *   ledgered   left without being delivered, by an entry that stands here, or, once it is settled, at
 *              the root: a node on the way may have given it up. One that is reversed does not count
 *
 * Void offsets, which records of other logs took, are no records and count nowhere; nor does, here,
 * what lies elsewhere: the node that holds it counts it.
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
    topic: topicOf(query, options.store),
    reason: reasonOf(query),
    since: query.integer("since", SAFE) ?? 0,
    until: query.integer("until", SAFE) ?? Infinity,
  };
  const { entries, next } = pageOfEntries(options.store, { after, max, wanted });
  return { entries, next_after: next, ...accountsOf(options, wanted) };
}

/** @throws {OperatingError} unknown_topic: a misspelt topic must not look like no loss. */
function topicOf(query: Query, store: EgressStore): string | undefined {
  const topic = query.text("topic");
  if (topic === undefined || isKnown(store, topic)) return topic;
  const shown = topic.slice(0, 249);
  throw new OperatingError("unknown_topic", `Cannot find topic "${shown}"`, { topic: shown });
}

/** Here, at the origin of a log that came here, or in the ledger: it may have been deleted since. */
function isKnown(store: EgressStore, topic: string): boolean {
  if (store.topic(topic) !== undefined) return true;
  for (const row of store.logs.all()) if (row.topic === topic) return true;
  for (const { source } of store.ranges.all()) if (source.topic === topic) return true;
  for (const entry of store.ledger.entries()) if (entry.topic === topic) return true;
  return false;
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
    yield receivedAccount(store, log, lags.get(log.logId)?.toCome ?? 0);
  }
}

function ownAccount(store: EgressStore, gateway: string, row: OwnLogRow): Account {
  const from = row.firstOffset;
  const to = Math.max(from, store.logs.endOf(row, store.endOf(row.topic, row.partition)));
  const taken = store.logs.takenOf(row);
  const { settled, settledVoids = 0, settledLost = 0 } = store.hasUpstream
    ? store.forwarded.ofLog(row.logId) ?? NOTHING
    : { settled: to };
  return {
    log_id: row.logId,
    gateway,
    topic: row.topic,
    partition: row.partition,
    first_offset: from,
    end_offset: to,
    ...balance({
      whole: { from, to },
      accepted: to - from - taken,
      settled,
      voids: settled >= to ? taken : settledVoids,
      lost: settledLost,
      losses: [...store.ledger.standing(row.logId), ...nobodys(store, row)],
    }),
  };
}

/** Where damage left no way to tell whose the records were, the partition's offsets do. */
function nobodys({ ledger }: EgressStore, { topic, partition }: OwnLogRow): LedgerEntry[] {
  return ledger.standing(null).filter((entry) =>
    entry.topic === topic && entry.partition === partition
  );
}

/** `toCome`: what is still to come of it, as far as its sender told. */
function receivedAccount(store: EgressStore, log: ReceivedLog, toCome: number): Account {
  const { firstOffset: from, watermark, islands, voids, elsewhere } = log;
  const whole = { from, to: Infinity };
  const losses = store.ledger.standing(log.logId);
  const accepted = receivedOf(log) - voids.all + toCome;
  const common = {
    log_id: log.logId,
    gateway: log.gateway,
    topic: log.source.topic,
    partition: log.source.partition,
    first_offset: from,
    end_offset: watermark,
  };
  if (!store.hasUpstream) {
    // The root: islands count too.
    const ledgered = sumWithin(losses, whole);
    const delivered = accepted - toCome - ledgered;
    return { ...common, accepted, delivered, pending: toCome, ledgered };
  }
  const forwarded = store.forwarded.ofLog(log.logId) ?? { ...NOTHING, settled: from };
  const { settled, settledVoids = 0, settledLost = 0 } = forwarded;
  return {
    ...common,
    ...balance({
      whole,
      accepted,
      settled: Math.min(settled, watermark),
      islands: sumWithin(islands, { from, to: settled }),
      voids: settled < watermark
        ? settledVoids
        : settled < (islands.at(-1)?.to ?? 0)
        ? voids.watermark
        : voids.all,
      // Where the root has more of it by another way, what it lost of that is not this node's.
      lost: settled > watermark ? 0 : settledLost,
      losses,
      elsewhere,
    }),
  };
}

const NOTHING = { settled: 0, settledVoids: 0, settledLost: 0 };

/** Splits what was accepted, so that it adds up. */
function balance({ whole, accepted, settled, islands = 0, voids, lost, losses, elsewhere = [] }: {
  readonly whole: OffsetRange;
  readonly accepted: number;
  readonly settled: Offset;
  /** Offsets held above that which are settled nonetheless. */
  readonly islands?: number;
  /** Offsets below that which never held a record. */
  readonly voids: number;
  /** Those of them that the root has entries of, this node's among them. */
  readonly lost: number;
  readonly losses: readonly OffsetRange[];
  readonly elsewhere?: readonly OffsetRange[];
}): Pick<Account, "accepted" | "delivered" | "pending" | "ledgered"> {
  const below = { from: whole.from, to: Math.min(Math.max(settled, whole.from), whole.to) };
  const lostHere = sumWithin(losses, below);
  const passed = sumWithin(elsewhere, below);
  // What the root lost of it may be what lies elsewhere.
  const lostBelow = passed > 0 ? lostHere : Math.max(lostHere, lost);
  const ledgered = sumWithin(losses, whole) - lostHere + lostBelow;
  const others = voids + lostBelow + passed;
  // Where a receiver is a newer one, or an older one, its word and this ledger may be apart.
  const delivered = Math.max(
    0,
    Math.min(below.to - below.from + islands - others, accepted - ledgered),
  );
  return { accepted, delivered, pending: accepted - delivered - ledgered, ledgered };
}

/** Offsets of `ranges` that lie in `within`. Entries of one log do not overlap. */
function sumWithin(ranges: readonly OffsetRange[], within: OffsetRange): number {
  return ranges.reduce(
    (sum, { from, to }) => sum + Math.max(0, Math.min(to, within.to) - Math.max(from, within.from)),
    0,
  );
}
