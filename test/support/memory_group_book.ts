/**
 * A book of consumer groups in memory that models a crash as memory_catalogue.ts does: a change is
 * whole and durable once its promise resolves; one still pending at the crash may have happened.
 */
import { OperatingError } from "../../src/base/errors.ts";
import type { Random } from "../../src/base/random.ts";
import type {
  GroupBook,
  GroupBookState,
  GroupOffsetKey,
  GroupOffsetRow,
  GroupRow,
} from "../../src/store/group_book.ts";

interface Tables {
  generation: number;
  readonly groups: Map<string, GroupRow>;
  readonly offsets: Map<string, GroupOffsetRow>;
}

type Change = (tables: Tables) => void;

export class MemoryGroupBook implements GroupBook {
  readonly #tables: Tables = { generation: 0, groups: new Map(), offsets: new Map() };
  #pending: Change[] = [];
  #run = 0;
  /** Set to make every change fail. */
  failing = false;
  /** How long a change takes; hand in a held promise to look at what waits for it. */
  delay: () => Promise<void> = () => Promise.resolve();
  /** Changes so far. */
  changes = 0;

  /** Drops every caller of this run; changes still pending happen, in order, up to a random one. */
  crash(random: Random): void {
    const kept = Math.floor(random.next() * (this.#pending.length + 1));
    for (const change of this.#pending.slice(0, kept)) change(this.#tables);
    this.#pending = [];
    this.#run++;
  }

  load(): Promise<GroupBookState> {
    const { generation, groups, offsets } = this.#tables;
    return Promise.resolve({
      generation,
      groups: [...groups.values()],
      offsets: [...offsets.values()],
    });
  }

  putGeneration(generation: number): Promise<void> {
    return this.#change((tables) => {
      tables.generation = generation;
    });
  }

  putGroups(rows: readonly GroupRow[]): Promise<void> {
    return this.#change(({ groups }) => rows.forEach((row) => groups.set(row.group, row)));
  }

  commit(group: GroupRow, rows: readonly GroupOffsetRow[]): Promise<void> {
    return this.#change(({ groups, offsets }) => {
      groups.set(group.group, group);
      for (const row of rows) offsets.set(keyOf(row), row);
    });
  }

  dropGroups(names: readonly string[]): Promise<void> {
    return this.#change(({ groups, offsets }) => {
      for (const name of names) groups.delete(name);
      for (const [key, { group }] of offsets) if (names.includes(group)) offsets.delete(key);
    });
  }

  dropOffsets(keys: readonly GroupOffsetKey[]): Promise<void> {
    return this.#change(({ offsets }) => keys.forEach((key) => offsets.delete(keyOf(key))));
  }

  async #change(change: Change): Promise<void> {
    this.changes++;
    if (this.failing) {
      throw new OperatingError("storage_failed", "Cannot change the book: told to fail");
    }
    const run = this.#run;
    this.#pending.push(change);
    await this.delay();
    // A crashed caller never hears of it.
    if (run !== this.#run) return new Promise(() => {});
    const at = this.#pending.indexOf(change);
    for (const earlier of this.#pending.splice(0, at + 1)) earlier(this.#tables);
  }
}

function keyOf({ group, topic, partition }: GroupOffsetKey): string {
  return JSON.stringify([group, topic, partition]);
}
