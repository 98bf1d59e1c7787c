/**
 * How far each partition was delivered upstream. Kept in memory and in the checkpoint: after a
 * crash it may say too little, never too much, and the receiver tells the rest.
 *
 *     held      offsets below it are durable at the next node, or ledgered there
 *     settled   the same at the root of the chain of nodes
 *
 * Both in the partition's own offsets; what is acknowledged per log is in the log's own. All of it
 * is kept for each upstream node there ever was: what one of them took is delivered, and still the
 * next one lacks it.
 *
 * @module
 */
import { UPSTREAMS_REMEMBERED_MAX } from "../base/link_limits.ts";
import type { LogId, NodeId, Offset, OffsetRange, TopicName } from "../base/types.ts";
import type { ForwardedCheckpoint, UpstreamCheckpoint } from "../format/checkpoint.ts";
import { parsePartitionDirectory, partitionDirectory } from "../format/partition_directory.ts";
import type { Holders } from "./holders.ts";

/** Of the offsets of a log below what is settled, how many hold no record at the root. */
export interface SettledCounts {
  /** They never held one; absent where there is none. */
  readonly settledVoids?: number | undefined;
  /** They are in the root's ledger. */
  readonly settledLost?: number | undefined;
}

export interface Acknowledged extends SettledCounts {
  readonly held: Offset;
  readonly settled: Offset;
}

/** Source offsets of a log that were acknowledged: a contiguous run, and islands above it. */
export interface AcknowledgedRanges {
  readonly held: Offset;
  readonly islands?: readonly OffsetRange[];
}

/** Source offsets that other nodes hold. */
export interface HeldElsewhere extends OffsetRange {
  readonly holders?: Holders;
}

export interface AcknowledgedLog extends Acknowledged {
  readonly logId: LogId;
}

/** What one upstream acknowledged. */
class Upstream {
  readonly partitions = new Map<string, Acknowledged>();
  readonly logs = new Map<LogId, Acknowledged & AcknowledgedRanges>();
  readonly logsOf = new Map<string, Set<LogId>>();

  load(directory: string, { held, settled, acked }: UpstreamCheckpoint): void {
    this.partitions.set(directory, { held, settled });
    for (const [logId, { islands, ...acknowledged }] of Object.entries(acked)) {
      const ranges = islands?.map(([from, to]) => ({ from, to }));
      this.setLog(directory, logId, { ...acknowledged, ...(ranges && { islands: ranges }) });
    }
  }

  setLog(directory: string, logId: LogId, acknowledged: Acknowledged & AcknowledgedRanges): void {
    const logs = this.logsOf.get(directory) ?? new Set();
    logs.add(logId);
    this.logsOf.set(directory, logs);
    this.logs.set(logId, acknowledged);
  }

  /** Takes in what another one acknowledged. */
  absorb(other: Upstream): void {
    for (const [directory, acknowledged] of other.partitions) {
      this.partitions.set(directory, most(this.partitions.get(directory), acknowledged));
    }
    for (const [directory, logs] of other.logsOf) {
      for (const logId of logs) {
        const mine = this.logs.get(logId);
        this.setLog(directory, logId, most(mine, other.logs.get(logId)!));
      }
    }
  }

  knows(directory: string): boolean {
    return this.partitions.has(directory) || this.logsOf.has(directory);
  }

  directories(): string[] {
    return [...this.partitions.keys(), ...this.logsOf.keys()];
  }

  checkpoint(directory: string): UpstreamCheckpoint {
    const logs = [...this.logsOf.get(directory) ?? []];
    const acked = logs.map((logId) => {
      const { held, settled, settledVoids, settledLost, islands } = this.logs.get(logId)!;
      const pairs = islands?.map(({ from, to }) => [from, to] as const);
      return [logId, {
        ...{ held, settled },
        ...(settledVoids ? { settledVoids } : {}),
        ...(settledLost ? { settledLost } : {}),
        ...(pairs?.length ? { islands: pairs } : {}),
      }] as const;
    });
    return {
      ...(this.partitions.get(directory) ?? NOTHING),
      acked: Object.fromEntries(acked),
    };
  }
}

const NOTHING: Acknowledged = { held: 0, settled: 0 };
/** Where a checkpoint of an older version does not name the upstream. */
const UNKNOWN: NodeId = "";

export class Forwarded {
  /** The one in use last. */
  readonly #upstreams = new Map<NodeId, Upstream>();
  #current: NodeId = UNKNOWN;
  /** What the log start offsets' own records knew, whichever upstream it was. */
  readonly #floors = new Map<string, Acknowledged>();

  constructor(loaded: ReadonlyMap<string, ForwardedCheckpoint> = new Map()) {
    for (const [directory, checkpoint] of loaded) {
      for (const [nodeId, earlier] of Object.entries(checkpoint.earlier ?? {})) {
        this.#upstream(nodeId).load(directory, earlier);
      }
    }
    for (const [directory, checkpoint] of loaded) {
      this.#current = checkpoint.upstream ?? UNKNOWN;
      this.#upstream(this.#current).load(directory, checkpoint);
    }
    this.use(this.#current);
  }

  /** The upstream in use, or used last; empty where none ever said its name. */
  get upstream(): NodeId {
    return this.#current;
  }

  /** From now on that node is the upstream, and what is set is its. */
  use(nodeId: NodeId): void {
    const unknown = this.#upstreams.get(UNKNOWN);
    if (unknown !== undefined && nodeId !== UNKNOWN) {
      // Who it was nobody wrote down: as a rule the one that is there still.
      this.#upstreams.delete(UNKNOWN);
      this.#upstream(nodeId).absorb(unknown);
    }
    const upstream = this.#upstream(nodeId);
    this.#upstreams.delete(nodeId);
    this.#upstreams.set(nodeId, upstream);
    this.#current = nodeId;
    if (this.#upstreams.size > UPSTREAMS_REMEMBERED_MAX) this.#joinOldest();
  }

  /** How far any upstream has it: what may go without loss. */
  of(topic: TopicName, partition: number): Acknowledged {
    const directory = partitionDirectory(topic, partition);
    let known = this.#floors.get(directory) ?? NOTHING;
    for (const { partitions } of this.#upstreams.values()) {
      const other = partitions.get(directory);
      if (other !== undefined) known = most(known, other);
    }
    return known;
  }

  /** How far the upstream in use has it. */
  here(topic: TopicName, partition: number): Acknowledged {
    return this.#upstream(this.#current).partitions.get(partitionDirectory(topic, partition)) ??
      NOTHING;
  }

  /** Sets how far the partition was delivered. May fall: a receiver that lost data says so. */
  set(topic: TopicName, partition: number, acknowledged: Acknowledged): void {
    const directory = partitionDirectory(topic, partition);
    this.#upstream(this.#current).partitions.set(directory, acknowledged);
  }

  /** The most that was ever acknowledged of a log, by any upstream; null when nothing. */
  ofLog(logId: LogId): Acknowledged | null {
    let known: Acknowledged | null = null;
    for (const { logs } of this.#upstreams.values()) {
      const other = logs.get(logId);
      if (other !== undefined) known = most(known ?? undefined, other);
    }
    return known;
  }

  /** What the upstream in use ever acknowledged of a log. */
  logHere(logId: LogId): AcknowledgedRanges | null {
    return this.#upstream(this.#current).logs.get(logId) ?? null;
  }

  /** Source offsets of a log that were acknowledged by upstreams that are not in use, and by whom. */
  elsewhere(logId: LogId): HeldElsewhere[] {
    const ranges: HeldElsewhere[] = [];
    for (const [nodeId, { logs }] of this.#upstreams) {
      const known = nodeId === this.#current ? undefined : logs.get(logId);
      if (known === undefined) continue;
      const holders = nodeId === UNKNOWN ? {} : { holders: [nodeId] };
      if (known.held > 0) ranges.push({ from: 0, to: known.held, ...holders });
      for (const island of known.islands ?? []) ranges.push({ ...island, ...holders });
    }
    return ranges;
  }

  /** Logs of a partition of which the upstream in use ever acknowledged something. */
  logsHere(topic: TopicName, partition: number): LogId[] {
    const { logsOf } = this.#upstream(this.#current);
    return [...logsOf.get(partitionDirectory(topic, partition)) ?? []];
  }

  setLog(
    topic: TopicName,
    partition: number,
    logId: LogId,
    acknowledged: Acknowledged & AcknowledgedRanges,
  ): void {
    const directory = partitionDirectory(topic, partition);
    this.#upstream(this.#current).setLog(directory, logId, acknowledged);
  }

  /** Forgets the logs that are `done`: every start draws one, and each checkpoint holds them all. */
  prune(done: (topic: TopicName, partition: number, log: AcknowledgedLog) => boolean): void {
    for (const upstream of this.#upstreams.values()) {
      for (const [directory, logs] of upstream.logsOf) {
        const found = parsePartitionDirectory(directory);
        if (found === null) continue;
        for (const logId of logs) {
          const log = { logId, ...upstream.logs.get(logId)! };
          if (!done(found.topic, found.partition, log)) continue;
          logs.delete(logId);
          upstream.logs.delete(logId);
        }
      }
    }
  }

  /** What the log start offset's own record knew: nothing below it waits any more. */
  raise(directory: string, { held, settled }: Acknowledged): void {
    this.#floors.set(directory, most(this.#floors.get(directory), { held, settled }));
  }

  checkpoint(): Map<string, ForwardedCheckpoint> {
    const current = this.#upstream(this.#current);
    const others = [...this.#upstreams].filter(([nodeId]) => nodeId !== this.#current);
    const all = [current, ...others.map(([, upstream]) => upstream)];
    const directories = new Set(all.flatMap((upstream) => upstream.directories()));
    return new Map(Array.from(directories, (directory) => {
      const earlier = others
        .filter(([, upstream]) => upstream.knows(directory))
        .map(([nodeId, upstream]) => [nodeId, upstream.checkpoint(directory)] as const);
      return [directory, {
        ...current.checkpoint(directory),
        ...(this.#current === UNKNOWN ? {} : { upstream: this.#current }),
        ...(earlier.length === 0 ? {} : { earlier: Object.fromEntries(earlier) }),
      }];
    }));
  }

  #upstream(nodeId: NodeId): Upstream {
    const known = this.#upstreams.get(nodeId);
    if (known !== undefined) return known;
    const upstream = new Upstream();
    this.#upstreams.set(nodeId, upstream);
    return upstream;
  }

  /** The two that were used longest ago count as one from now on. */
  #joinOldest(): void {
    const [oldest, next] = [...this.#upstreams];
    next![1].absorb(oldest![1]);
    this.#upstreams.delete(oldest![0]);
  }
}

/** The higher of each; islands are the second one's. */
function most<Known extends Acknowledged>(a: Acknowledged | undefined, b: Known): Known {
  if (a === undefined) return b;
  const { settled, settledVoids, settledLost } = a.settled > b.settled ? a : b;
  return { ...b, held: Math.max(a.held, b.held), settled, settledVoids, settledLost };
}
