/** A book of consumer groups in memory; crashing_tables.ts models its crashes. */
import type {
  GroupBook,
  GroupBookState,
  GroupOffsetKey,
  GroupOffsetRow,
  GroupRow,
} from "../../src/store/group_book.ts";
import { CrashingTables } from "./crashing_tables.ts";

interface Tables {
  generation: number;
  readonly groups: Map<string, GroupRow>;
  readonly offsets: Map<string, GroupOffsetRow>;
}

export class MemoryGroupBook extends CrashingTables<Tables> implements GroupBook {
  constructor() {
    super({ generation: 0, groups: new Map(), offsets: new Map() });
  }

  load(): Promise<GroupBookState> {
    const { generation, groups, offsets } = this.tables;
    return Promise.resolve({
      generation,
      groups: [...groups.values()],
      offsets: [...offsets.values()],
    });
  }

  putGeneration(generation: number): Promise<void> {
    return this.change((tables) => {
      tables.generation = generation;
    });
  }

  putGroups(rows: readonly GroupRow[]): Promise<void> {
    return this.change(({ groups }) => rows.forEach((row) => groups.set(row.group, row)));
  }

  commit(group: GroupRow, rows: readonly GroupOffsetRow[]): Promise<void> {
    return this.change(({ groups, offsets }) => {
      groups.set(group.group, group);
      for (const row of rows) offsets.set(keyOf(row), row);
    });
  }

  dropGroups(names: readonly string[]): Promise<void> {
    return this.change(({ groups, offsets }) => {
      for (const name of names) groups.delete(name);
      for (const [key, { group }] of offsets) if (names.includes(group)) offsets.delete(key);
    });
  }

  dropOffsets(keys: readonly GroupOffsetKey[]): Promise<void> {
    return this.change(({ offsets }) => keys.forEach((key) => offsets.delete(keyOf(key))));
  }
}

function keyOf({ group, topic, partition }: GroupOffsetKey): string {
  return JSON.stringify([group, topic, partition]);
}
