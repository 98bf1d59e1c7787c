/**
 * Records that are missing, where they would have been.
 *
 * @module
 */

/**
 * What a {@linkcode Gap} is made of.
 *
 * @example Test what takes gaps
 * ```ts
 * import { Gap, type GapParts } from "@logboom/client";
 *
 * const parts: GapParts = { topic: "logs", partition: 0, from: 5, to: 9, reason: "retention" };
 * console.log(`${new Gap(parts)}`);
 * ```
 */
export interface GapParts {
  /** The topic. */
  readonly topic: string;
  /** The partition of it. */
  readonly partition: number;
  /** The first offset that is missing. */
  readonly from: number;
  /** The first that is not. */
  readonly to: number;
  /** Why. */
  readonly reason: string;
  /** Which records of their gateway's log they were. */
  readonly source?: GapSource | null;
}

/**
 * Which records are missing, in the order of source.
 *
 * @example Which records of a gateway are missing
 * ```ts
 * import type { Gap, GapSource } from "@logboom/client";
 *
 * export function missing(gap: Gap): string {
 *   const source: GapSource | null = gap.source;
 *   return source === null ? `${gap}` : `${gap.count} from ${source.from} of log ${source.logId}`;
 * }
 * ```
 */
export interface GapSource {
  /** The log. */
  readonly logId: string;
  /** The first of its offsets that is missing. */
  readonly from: number;
  /** The first that is not; where left out, as many are missing as offsets here. */
  readonly to?: number;
}

/**
 * Offsets that were assigned and whose records a reader will not get: retention passed it before it
 * had read them, a full disk evicted them, or damage was quarantined. Streams carry gaps among
 * their records, where they lie, so that none passes unseen; `client.losses()` tells what of them
 * was lost for good.
 *
 * @example Records and gaps in one stream
 * ```ts
 * import { Client } from "@logboom/client";
 *
 * const client = new Client({ url: "http://localhost:8080" });
 * for await (const event of client.read("logs")) {
 *   if (event.kind === "gap") console.warn(`${event}`);
 *   else console.log(event.text());
 * }
 * ```
 */
export class Gap {
  /** Tells gaps from records in a stream that has both. */
  readonly kind = "gap";
  /** The topic. */
  readonly topic: string;
  /** The partition of it. */
  readonly partition: number;
  /** The first offset that is missing. */
  readonly from: number;
  /** The first that is not. */
  readonly to: number;
  /** Why: `retention`, `quarantined` ..., in the node's words. */
  readonly reason: string;
  /** Which records of their gateway's log, where the node tells; else null. */
  readonly source: GapSource | null;

  /** Made by the client; useful by itself in tests of what takes gaps. */
  constructor(parts: GapParts) {
    this.topic = parts.topic;
    this.partition = parts.partition;
    this.from = parts.from;
    this.to = parts.to;
    this.reason = parts.reason;
    this.source = parts.source ?? null;
  }

  /** How many offsets are missing: of the log they came from where `source` says so, else here. */
  get count(): number {
    const { to, from } = this.source ?? {};
    return to === undefined || from === undefined ? this.to - this.from : to - from;
  }

  /** A sentence for people. */
  toString(): string {
    const { topic, partition, from, to, reason, source } = this;
    if (to > from) {
      return `${topic}-${partition}: offsets ${from} to ${to - 1} are missing (${reason})`;
    }
    // Lost before they came here, where they never had offsets.
    const place = `${topic}-${partition}: before offset ${from}`;
    return `${place}, ${this.count} records of log ${source?.logId} are missing (${reason})`;
  }
}

/** A gap as the node writes it. */
export interface WireGap {
  readonly topic?: string;
  readonly partition?: number;
  readonly from: number;
  readonly to: number;
  readonly reason: string;
  readonly source?: { readonly log_id: string; readonly from: number; readonly to?: number };
}

/** `place` stands for what the node left out. */
export function gapOf(
  { source, ...gap }: WireGap,
  place: { readonly topic: string; readonly partition: number },
): Gap {
  return new Gap({
    ...place,
    ...gap,
    source: source === undefined ? null : sourceOf(source),
  });
}

function sourceOf({ log_id, from, to }: NonNullable<WireGap["source"]>): GapSource {
  return { logId: log_id, from, ...(to === undefined ? {} : { to }) };
}
