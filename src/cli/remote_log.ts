/**
 * What a running node holds, read over its own HTTP interface: raw batches as they lie on its disk,
 * each with its checksum verified here, and its ledger.
 *
 * @module
 */
import { OperatingError } from "../base/errors.ts";
import type { LogId, Offset, OffsetRange } from "../base/types.ts";
import type { Core } from "../core/core.ts";
import { type BatchHeader, readBatchHeader } from "../format/record_batch.ts";
import type { EntryRow } from "../store/ledger.ts";
import { type Api, segment } from "./api.ts";

const PAGE_BYTES = 4 * 1024 * 1024;

export interface RemotePartition {
  readonly topic: string;
  readonly partition: number;
  readonly logStartOffset: Offset;
}

/** A log as the node that receives it knows it. */
export interface RemoteLog {
  readonly log_id: LogId;
  readonly target: { readonly topic: string; readonly partition: number };
  readonly watermark: Offset;
  readonly islands: readonly OffsetRange[];
  /** Below the watermark, and held by another node so far. */
  readonly elsewhere?: readonly OffsetRange[];
  /** Offsets passed that never held a record. */
  readonly voids?: number;
}

interface TopicDocument {
  readonly topic: string;
  readonly partitions: readonly {
    readonly partition: number;
    readonly log_start_offset: Offset;
  }[];
}

export interface RemoteAccount {
  readonly log_id: LogId;
  readonly topic: string;
  readonly partition: number;
  readonly first_offset: Offset;
  readonly end_offset: Offset;
  readonly accepted: number;
}

export class RemoteNode {
  readonly #api: Api;
  readonly #core: Core;

  constructor(api: Api, core: Core) {
    this.#api = api;
    this.#core = core;
  }

  async partitions(): Promise<RemotePartition[]> {
    const { topics } = await this.#api.get("/v1/topics") as { topics: TopicDocument[] };
    return topics.flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, log_start_offset }) => ({
        ...{ topic, partition, logStartOffset: log_start_offset },
      }))
    );
  }

  /** Logs of other nodes; `omitted` where there are more than it lists. */
  async received(): Promise<{ readonly logs: readonly RemoteLog[]; readonly omitted: number }> {
    const answer = await this.#api.get("/v1/gateways?closed=true");
    const { gateways, omitted } = answer as { gateways: RemoteLog[]; omitted: number };
    return { logs: gateways, omitted };
  }

  async losses(): Promise<{ entries: EntryRow[]; accounts: readonly RemoteAccount[] }> {
    const entries: EntryRow[] = [];
    let after = 0;
    for (;;) {
      const page = await this.#api.get(`/v1/losses?after=${after}`) as {
        entries: EntryRow[];
        next_after: number | null;
        accounts: RemoteAccount[];
      };
      entries.push(...page.entries);
      if (page.next_after === null) return { entries, accounts: page.accounts };
      after = page.next_after;
    }
  }

  /** Headers of all batches of a partition, each verified. Gaps are passed over. */
  async *batches({ topic, partition }: Omit<RemotePartition, "logStartOffset">): AsyncGenerator<
    BatchHeader
  > {
    const path = `/v1/topics/${segment(topic)}/partitions/${partition}/records`;
    for (let offset: Offset | "earliest" = "earliest";;) {
      const query = `?offset=${offset}&max_bytes=${PAGE_BYTES}`;
      const { body, headers } = await this.#api.raw(path + query, BATCHES);
      const next = numberIn(headers, "logboom-next-offset");
      for (let at = 0; at < body.length;) {
        const size = this.#core.verifyBatch(body.subarray(at));
        if (size <= 0) throw damaged(path, offset);
        const header = readBatchHeader(body, at);
        at += size;
        if (offset === "earliest" || header.lastOffset >= offset) yield header;
      }
      if (next >= numberIn(headers, "logboom-high-watermark") || next === offset) return;
      offset = next;
    }
  }
}

const BATCHES = "application/vnd.logboom.batches";

function numberIn(headers: Headers, name: string): number {
  const value = Number(headers.get(name) ?? "NaN");
  if (Number.isSafeInteger(value)) return value;
  throw new OperatingError("upstream_unreachable", `Cannot read the answer: no ${name} header`);
}

function damaged(path: string, offset: Offset | "earliest"): OperatingError {
  const message = `Cannot read ${path} at ${offset}: a batch is not what its checksum says`;
  return new OperatingError("corrupt_batch", message);
}
