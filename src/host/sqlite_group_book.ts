/**
 * What is kept of consumer groups, in tables beside the catalogue's; see sqlite_schema.ts.
 *
 * @module
 */
import type {
  GroupBook,
  GroupBookState,
  GroupOffsetKey,
  GroupOffsetRow,
  GroupRow,
} from "../store/group_book.ts";
import type { SqliteChanges } from "./sqlite_changes.ts";
import type { Row } from "./sqlite_thread.ts";
import type { Statement } from "./sqlite_worker.ts";

const PUT_GROUP = "INSERT OR REPLACE INTO consumer_groups VALUES (?, ?)";
const PUT_OFFSET = "INSERT OR REPLACE INTO group_offsets VALUES (?, ?, ?, ?, ?, ?, ?)";
const DROP_OFFSET = "DELETE FROM group_offsets WHERE group_id = ? AND topic = ? AND partition = ?";
const GENERATION = "consumer_group_generation";

export class SqliteGroupBook implements GroupBook {
  readonly #changes: SqliteChanges;

  constructor(changes: SqliteChanges) {
    this.#changes = changes;
  }

  async load(): Promise<GroupBookState> {
    const [meta, groups, offsets] = await Promise.all([
      this.#changes.query("SELECT value FROM meta WHERE key = ?", [GENERATION]),
      this.#changes.query("SELECT * FROM consumer_groups"),
      this.#changes.query("SELECT * FROM group_offsets"),
    ]);
    return {
      generation: Number(meta[0]?.["value"] ?? 0),
      groups: groups.map((row) => ({
        group: row["group_id"] as string,
        aliveMs: row["alive_ms"] as number,
      })),
      offsets: offsets.map(offsetOf),
    };
  }

  putGeneration(generation: number): Promise<void> {
    const values = [GENERATION, String(generation)];
    return this.#changes.change([["INSERT OR REPLACE INTO meta VALUES (?, ?)", values]]);
  }

  putGroups(rows: readonly GroupRow[]): Promise<void> {
    return this.#changes.change(rows.map(groupStatement));
  }

  commit(group: GroupRow, offsets: readonly GroupOffsetRow[]): Promise<void> {
    return this.#changes.change([groupStatement(group), ...offsets.map(offsetStatement)]);
  }

  dropGroups(groups: readonly string[]): Promise<void> {
    return this.#changes.change(groups.flatMap((group): Statement[] => [
      ["DELETE FROM group_offsets WHERE group_id = ?", [group]],
      ["DELETE FROM consumer_groups WHERE group_id = ?", [group]],
    ]));
  }

  dropOffsets(offsets: readonly GroupOffsetKey[]): Promise<void> {
    return this.#changes.change(
      offsets.map(({ group, topic, partition }) => [DROP_OFFSET, [group, topic, partition]]),
    );
  }
}

function groupStatement({ group, aliveMs }: GroupRow): Statement {
  return [PUT_GROUP, [group, aliveMs]];
}

function offsetStatement(row: GroupOffsetRow): Statement {
  return [PUT_OFFSET, [
    row.group,
    row.topic,
    row.partition,
    row.topicId,
    row.offset,
    row.leaderEpoch,
    row.metadata,
  ]];
}

function offsetOf(row: Row): GroupOffsetRow {
  return {
    group: row["group_id"] as string,
    topic: row["topic"] as string,
    partition: row["partition"] as number,
    topicId: row["topic_id"] as string,
    offset: row["next_offset"] as number,
    leaderEpoch: row["leader_epoch"] as number,
    metadata: row["metadata"] as string,
  };
}
