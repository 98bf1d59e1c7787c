/**
 * The offsets that groups committed: in memory, and durable before anyone is told. What is committed
 * for a topic counts for that topic only, not for a later one of the same name.
 *
 * @module
 */
import { utf8 } from "../base/bytes.ts";
import { OperatingError } from "../base/errors.ts";
import {
  COMMITTED_OFFSETS_MAX,
  OFFSET_METADATA_BYTES_MAX,
  OFFSETS_METADATA_BYTES_MAX,
} from "../base/group_limits.ts";
import type { GroupBook, GroupOffsetRow, GroupRow } from "../store/group_book.ts";
import type { CommittedOffset, OffsetToCommit } from "./group_api.ts";
import type { GroupTopics } from "./group_topics.ts";

export interface OffsetBookOptions {
  readonly book: GroupBook;
  readonly topics: GroupTopics;
  /** What retention measures by: see store/age_clock.ts. */
  readonly ageMs: () => number;
  readonly offsetsMax?: number;
}

interface GroupOffsets {
  aliveMs: number;
  /** By topic and partition. */
  readonly offsets: Map<string, GroupOffsetRow>;
  /** Commits of it that are not durable yet, and the end of them all. */
  committing: number;
  pending: Promise<void>;
}

/** The row of a group that is alive is written again when it is that old. */
const ALIVE_WRITTEN_MS = 60 * 60_000;

export class OffsetBook {
  readonly #options: OffsetBookOptions;
  readonly #groups = new Map<string, GroupOffsets>();
  #offsets = 0;
  #metadataBytes = 0;

  private constructor(options: OffsetBookOptions) {
    this.#options = options;
  }

  static open(
    options: OffsetBookOptions,
    { groups, offsets }: {
      readonly groups: readonly GroupRow[];
      readonly offsets: readonly GroupOffsetRow[];
    },
  ): OffsetBook {
    const opened = new OffsetBook(options);
    for (const { group, aliveMs } of groups) opened.#groupOf(group).aliveMs = aliveMs;
    for (const row of offsets) opened.#keep(row);
    return opened;
  }

  /** Groups with offsets, and those that had members of late. */
  get names(): IterableIterator<string> {
    return this.#groups.keys();
  }

  get size(): number {
    return this.#groups.size;
  }

  /** Committed offsets of all groups. */
  get offsets(): number {
    return this.#offsets;
  }

  has(group: string): boolean {
    return this.#groups.has(group);
  }

  /**
   * Durable once it resolves: all of them, or none.
   *
   * @throws {OperatingError} unknown_topic, unknown_partition, invalid_argument, overloaded; storage
   * trouble of the catalogue
   */
  async commit(group: string, offsets: readonly OffsetToCommit[]): Promise<void> {
    const rows = offsets.map((offset) => this.#rowOf(group, offset));
    this.#checkRoom(group, rows);
    const own = this.#groupOf(group);
    const aliveMs = this.#options.ageMs();
    const durable = this.#options.book.commit({ group, aliveMs }, rows);
    own.pending = Promise.allSettled([own.pending, durable]).then(() => {});
    own.committing++;
    try {
      await durable;
      this.#groupOf(group).aliveMs = aliveMs;
      for (const row of rows) this.#keep(row);
    } finally {
      own.committing--;
      this.#dropIfNothing(group);
    }
  }

  /** What is committed for today's topics, once all that was asked for before is durable. */
  async committed(group: string): Promise<readonly CommittedOffset[]> {
    await this.#groups.get(group)?.pending;
    return this.now(group);
  }

  /** The same, without what is on its way to the disk. */
  now(group: string): readonly CommittedOffset[] {
    const rows = this.#groups.get(group)?.offsets.values() ?? [];
    return [...rows]
      .filter((row) => this.#options.topics.topic(row.topic)?.id === row.topicId)
      .map(({ topic, partition, offset, leaderEpoch, metadata }) => ({
        ...{ topic, partition, offset, leaderEpoch, metadata },
      }));
  }

  /** Groups that have members now: what they committed stays until they have had none for long. */
  async alive(groups: readonly string[]): Promise<void> {
    const aliveMs = this.#options.ageMs();
    const due = groups.filter((group) => {
      const written = this.#groups.get(group)?.aliveMs;
      return written !== undefined && aliveMs - written >= ALIVE_WRITTEN_MS;
    });
    if (due.length === 0) return;
    for (const group of due) this.#groupOf(group).aliveMs = aliveMs;
    await this.#options.book.putGroups(due.map((group) => ({ group, aliveMs })));
  }

  /** Forgets groups, durably. */
  async drop(groups: readonly string[]): Promise<void> {
    await this.#options.book.dropGroups(groups);
    for (const group of groups) {
      for (const row of this.#groups.get(group)?.offsets.values() ?? []) this.#uncount(row);
      this.#groups.delete(group);
    }
  }

  /**
   * Forgets what is committed for topics that are gone, and groups for which `isOver` says so.
   *
   * @returns how many groups went
   */
  async sweep(isOver: (group: string, aliveMs: number) => boolean): Promise<number> {
    const { topics, book } = this.#options;
    // What is on its way to the disk would be dropped behind it.
    const still = [...this.#groups].filter(([, { committing }]) => committing === 0);
    const gone = still
      .flatMap(([, { offsets }]) => [...offsets.values()])
      .filter(({ topic, topicId }) =>
        topics.topic(topic)?.id !== topicId && !topics.isOutOfReach(topic)
      );
    if (gone.length > 0) await book.dropOffsets(gone);
    for (const row of gone) {
      const { offsets } = this.#groupOf(row.group);
      // It may have been committed anew, for today's topic.
      if (offsets.get(keyOf(row)) === row && offsets.delete(keyOf(row))) this.#uncount(row);
    }
    const over = [...this.#groups].filter(([group, { aliveMs, offsets, committing }]) =>
      committing === 0 && (offsets.size === 0 || isOver(group, aliveMs))
    );
    if (over.length > 0) await this.drop(over.map(([group]) => group));
    return over.length;
  }

  #rowOf(group: string, committed: OffsetToCommit): GroupOffsetRow {
    const { topic: name, partition, offset, leaderEpoch = -1, metadata = "" } = committed;
    const place = { topic: name, partition };
    const topic = this.#options.topics.topic(name);
    if (topic === undefined) {
      const message = `Cannot commit an offset of topic "${name.slice(0, 100)}": there is none`;
      throw new OperatingError("unknown_topic", message, place);
    }
    if (topic.partitions[partition] === undefined) {
      const message = `Cannot commit an offset of ${name}-${partition}: it has ` +
        `${topic.partitions.length} partitions`;
      throw new OperatingError("unknown_partition", message, place);
    }
    const bytes = utf8(metadata).length;
    if (bytes > OFFSET_METADATA_BYTES_MAX) {
      const message = `Cannot keep ${bytes} bytes of metadata for ${name}-${partition}: at most ` +
        `${OFFSET_METADATA_BYTES_MAX} are allowed`;
      throw new OperatingError("invalid_argument", message, { ...place, parameter: "metadata" });
    }
    return { group, topicId: topic.id, ...place, offset, leaderEpoch, metadata };
  }

  #checkRoom(group: string, rows: readonly GroupOffsetRow[]): void {
    const known = this.#groups.get(group)?.offsets;
    const limit = this.#options.offsetsMax ?? COMMITTED_OFFSETS_MAX;
    const added = rows.filter((row) => !known?.has(keyOf(row))).length;
    const bytes = rows.reduce((sum, { metadata }) => sum + metadata.length, 0);
    if (
      this.#offsets + added <= limit && this.#metadataBytes + bytes <= OFFSETS_METADATA_BYTES_MAX
    ) {
      return;
    }
    throw new OperatingError(
      "overloaded",
      `Cannot commit to group ${group}: the node keeps ${this.#offsets} offsets of groups with ` +
        `${this.#metadataBytes} bytes of metadata, at most ${limit} and ` +
        `${OFFSETS_METADATA_BYTES_MAX}; delete groups that are done`,
      { group, limit },
    );
  }

  #groupOf(group: string): GroupOffsets {
    const known = this.#groups.get(group);
    if (known !== undefined) return known;
    const aliveMs = this.#options.ageMs();
    const made = { aliveMs, offsets: new Map(), committing: 0, pending: Promise.resolve() };
    this.#groups.set(group, made);
    return made;
  }

  #dropIfNothing(group: string): void {
    const own = this.#groups.get(group);
    if (own?.offsets.size === 0 && own.committing === 0) this.#groups.delete(group);
  }

  #keep(row: GroupOffsetRow): void {
    const { offsets } = this.#groupOf(row.group);
    const before = offsets.get(keyOf(row));
    if (before !== undefined) this.#uncount(before);
    offsets.set(keyOf(row), row);
    this.#offsets += 1;
    this.#metadataBytes += row.metadata.length;
  }

  #uncount(row: GroupOffsetRow): void {
    this.#offsets -= 1;
    this.#metadataBytes -= row.metadata.length;
  }
}

function keyOf({ topic, partition }: GroupOffsetRow): string {
  return `${topic}-${partition}`;
}
