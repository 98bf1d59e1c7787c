/** One or more partition logs on a simulated disk, with books that remember only log ids. */
import { utf8 } from "../../src/base/bytes.ts";
import type { OperatingError } from "../../src/base/errors.ts";
import { type Logger, SILENT_LOGGER } from "../../src/base/log.ts";
import { SILENT_METRICS } from "../../src/base/metrics.ts";
import type { LogId, Offset } from "../../src/base/types.ts";
import type { Core } from "../../src/core/core.ts";
import type { DecodedRecord } from "../../src/core/record.ts";
import type { Gap, PartitionCheckpoint } from "../../src/format/checkpoint.ts";
import type { BatchHeader } from "../../src/format/record_batch.ts";
import type { IdentityHook, OriginHook, PartitionName } from "../../src/store/books.ts";
import type { CommitResult, Ticket } from "../../src/store/commit.ts";
import { CommitLoop } from "../../src/store/commit_loop.ts";
import type { Disk } from "../../src/store/disk.ts";
import { FileCache } from "../../src/store/file_cache.ts";
import { IndexCache } from "../../src/store/index_cache.ts";
import { PartitionLog } from "../../src/store/partition_log.ts";
import { Quarantine } from "../../src/store/quarantine.ts";
import { recoverLog } from "../../src/store/recovery.ts";
import { TOPIC_DEFAULTS, type TopicSettings } from "../../src/store/settings.ts";
import { HandClock } from "./hand_clock.ts";

export interface HarnessOptions {
  readonly disk: Disk;
  readonly core: Core;
  readonly clock?: HandClock;
  readonly settings?: Partial<TopicSettings>;
  readonly leaderEpoch?: number;
  /** Log ids of earlier runs. */
  readonly ownIds?: readonly LogId[];
  /** Log ids of other nodes; every one is believed without this. */
  readonly receivedIds?: readonly LogId[];
  readonly origins?: Partial<OriginHook>;
  readonly identity?: Partial<IdentityHook>;
  readonly lingerMs?: number;
  readonly logger?: Logger;
}

export interface OpenOptions {
  readonly index?: number;
  readonly checkpoint?: PartitionCheckpoint | null;
  readonly logStartOffset?: Offset;
}

export class LogHarness {
  readonly core: Core;
  readonly clock: HandClock;
  readonly commits: CommitLoop;
  readonly files: FileCache;
  readonly ownIds: LogId[];
  readonly scanned: BatchHeader[] = [];
  readonly quarantined: { name: PartitionName; gap: Gap; bytes: number }[] = [];
  readonly #options: HarnessOptions;
  readonly #identity: IdentityHook;
  readonly #indexes: IndexCache;
  readonly #quarantine: Quarantine;
  readonly #logId: LogId;

  constructor(options: HarnessOptions) {
    const { disk, core } = options;
    this.#options = options;
    this.core = core;
    this.clock = options.clock ?? new HandClock();
    const run = options.leaderEpoch ?? 1;
    this.#logId = run.toString(16).padStart(16, "0");
    this.ownIds = [...options.ownIds ?? [], this.#logId];
    this.#identity = {
      current: () => this.#logId,
      registered: () => null,
      isOwn: (_name, logId) => this.ownIds.includes(logId),
      isReceived: (_name, logId) => options.receivedIds?.includes(logId) ?? true,
      ...options.identity,
    };
    const logger = options.logger ?? SILENT_LOGGER;
    this.files = new FileCache(disk);
    this.#indexes = new IndexCache(disk, this.files, core);
    this.#quarantine = new Quarantine(disk, logger);
    this.commits = new CommitLoop({
      core,
      clock: this.clock,
      timers: this.clock,
      metrics: SILENT_METRICS,
      origins: { write: () => Promise.resolve(), settled: () => {}, ...options.origins },
      identity: this.#identity,
      lingerMs: options.lingerMs ?? 0,
    });
  }

  async open({ index = 0, checkpoint = null, logStartOffset = 0 }: OpenOptions = {}): Promise<
    PartitionLog
  > {
    const { disk, core } = this.#options;
    const name = { topic: "t", index, handle: index };
    const common = {
      disk,
      core,
      files: this.files,
      indexes: this.#indexes,
      quarantine: this.#quarantine,
      identity: this.#identity,
      logger: this.#options.logger ?? SILENT_LOGGER,
      directory: `t-${index}`,
      leaderEpoch: this.#options.leaderEpoch ?? 1,
      ageMs: () => this.clock.monotonicMs(),
    };
    const quarantined = (name: PartitionName, gap: Gap, bytes = 0) =>
      void this.quarantined.push({ name, gap, bytes });
    const recovered = await recoverLog({
      ...common,
      name,
      checkpoint,
      logStartOffset,
      hook: { scanned: (_name, header) => void this.scanned.push(header), quarantined },
    });
    return new PartitionLog({
      ...common,
      ...name,
      clock: this.clock,
      timers: this.clock,
      commits: this.commits,
      settings: { ...TOPIC_DEFAULTS, ...this.#options.settings },
      quarantined,
    }, recovered);
  }

  /** Appends `values` to the open batch without saying so. */
  put(log: PartitionLog, values: readonly (string | Uint8Array)[]): void {
    for (const text of values) {
      const value = typeof text === "string" ? utf8(text) : text;
      const record = { timestamp: this.clock.wallMs(), value };
      let status = this.core.append(log.handle, record);
      if (status === "batch_full") {
        log.sealOpen();
        status = this.core.append(log.handle, record);
      }
      if (status !== "ok") throw new Error(`cannot append: ${status}`);
    }
  }

  /** Appends `values` and resolves when they are durable; rejects when they are given up. */
  append(log: PartitionLog, values: readonly (string | Uint8Array)[]): Promise<Appended> {
    this.put(log, values);
    const { waiter, done } = waiting();
    const ticket = log.appended(waiter);
    return done.then((result) => ({ ticket, result }));
  }
}

export interface Appended {
  readonly ticket: Ticket;
  readonly result: CommitResult | null;
}

export function waiting() {
  const { promise, resolve, reject } = Promise.withResolvers<CommitResult | null>();
  let calls = 0;
  const waiter = {
    get calls() {
      return calls;
    },
    committed(_log: PartitionLog, error: OperatingError | null, result: CommitResult | null) {
      calls++;
      if (error === null) resolve(result);
      else reject(error);
    },
  };
  promise.catch(() => {});
  return { waiter, done: promise };
}

const decoder = new TextDecoder();

/** All records from `offset` on, and the gaps passed on the way. */
export async function readAll(core: Core, log: PartitionLog, offset = log.logStartOffset) {
  const records: DecodedRecord[] = [];
  const gaps: Gap[] = [];
  while (offset < log.highWatermark) {
    const page = await log.read(offset, { maxBytes: 4096 });
    for (const batch of page.batches) {
      records.push(...core.decode(batch).filter((record) => record.offset >= offset));
    }
    gaps.push(...page.gaps);
    offset = page.nextOffset;
  }
  const values = records.map(({ value }) => value === null ? null : decoder.decode(value));
  return { records, values, gaps, offset };
}
