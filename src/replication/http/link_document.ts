/**
 * GET /v1/link and /v1/link/budget: the link in numbers, for people and programs.
 *
 * @module
 */
import type { BudgetControl } from "../budget/budget_control.ts";
import { encodeBudget } from "../budget/budget_settings.ts";
import type { Blockade, WireBytes } from "../budget/link_budget.ts";
import type { ForwarderStatus } from "../forwarder_options.ts";

/** What a forwarder tells. */
export interface LinkSource {
  status(): ForwarderStatus;
}

/** Of the batches this node made: bytes of records, and of what they were compressed to. */
export interface SealedBytes {
  readonly rawBytes: number;
  readonly bytes: number;
}

export function linkDocument(
  link: LinkSource | null,
  control: BudgetControl | null,
  sealed: SealedBytes,
): unknown {
  if (link === null || control === null) return { state: "none", upstream: null };
  const status = link.status();
  const { blocked, sentBytes } = control.budget.status();
  const { wire } = control.budget;
  return {
    // What waits for its schedule is not down.
    state: blocked !== null && status.state !== "stopped" ? "waiting" : status.state,
    upstream: status.upstream,
    upstream_node: status.upstreamNode,
    error: status.error,
    error_code: status.errorCode,
    failures: status.failures,
    waiting_for: blocked === null ? null : waitingFor(blocked),
    lag: {
      records: status.lagRecords,
      backlog_records: status.backlogRecords,
      backlog_bytes: status.backlogBytes,
      live_delay_ms: status.liveDelayMs,
    },
    lanes: {
      total: status.lanes,
      split: status.lanesSplit,
      waiting: status.lanesWaiting,
      refused: status.refused,
    },
    requests_in_flight: status.requestsInFlight,
    bytes_per_second: Math.round(status.bytesPerSecond),
    catch_up_seconds: status.catchUpSeconds === null ? null : Math.ceil(status.catchUpSeconds),
    wire: {
      sent_bytes: wire.sent,
      received_bytes: wire.received,
      body_bytes: wire.bodies,
      zstd_saved_bytes: wire.saved,
    },
    compression: compressionOf(wire, sealed),
    classes: Object.fromEntries(sentBytes),
    budget: budgetDocument(control),
  };
}

/** How many times smaller the wire had it than the records were; null while nothing was sealed. */
export function rawToWire({ sent, bodies }: WireBytes, sealed: SealedBytes): number | null {
  const batches = ratio(sealed.rawBytes, sealed.bytes);
  return batches === null ? null : ratio(bodies * batches, sent);
}

function compressionOf(wire: WireBytes, sealed: SealedBytes): unknown {
  return {
    raw_to_batches: ratio(sealed.rawBytes, sealed.bytes),
    bodies_to_wire: ratio(wire.bodies, wire.bodies - wire.saved),
    raw_to_wire: rawToWire(wire, sealed),
  };
}

function ratio(before: number, after: number): number | null {
  return after <= 0 ? null : Math.round(100 * before / after) / 100;
}

export function budgetDocument(control: BudgetControl): unknown {
  const { budget, configured, changedKeys } = control;
  const status = budget.status();
  return {
    ...encodeBudget(budget.settings),
    configured: encodeBudget(configured),
    changed: changedKeys,
    used: {
      day: { bytes: status.used.day, left: status.left.day, ends: isoOf(status.dayEndsAtMs) },
      month: {
        bytes: status.used.month,
        left: status.left.month,
        ends: isoOf(status.monthEndsAtMs),
      },
    },
    schedule: { open: status.scheduleOpen, changes: isoOf(status.scheduleChangesAtMs) },
  };
}

function waitingFor({ reason, untilMs }: Blockade): unknown {
  return { reason, until: isoOf(untilMs) };
}

function isoOf(wallMs: number | null): string | null {
  return wallMs === null ? null : new Date(wallMs).toISOString();
}
