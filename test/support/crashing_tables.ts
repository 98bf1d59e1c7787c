/**
 * Tables in memory that model a crash, for the doubles of what SQLite keeps: a change is whole and
 * durable once its promise resolves; one still pending at the crash may or may not have happened.
 *
 * @module
 */
import { OperatingError } from "../../src/base/errors.ts";
import type { Random } from "../../src/base/random.ts";

type Change<Tables> = (tables: Tables) => void;

export class CrashingTables<Tables> {
  protected tables: Tables;
  /** Asked for, in order; those before the first are durable. */
  protected pending: Change<Tables>[] = [];
  #run = 0;
  /** Set to make every change fail. */
  failing: "storage_full" | "storage_failed" | null = null;
  /** How long a change takes; hand in a virtual timer or a held promise to look at what waits. */
  delay: () => Promise<void> = () => Promise.resolve();
  /** Changes so far that were not told to fail. */
  changes = 0;

  constructor(tables: Tables) {
    this.tables = tables;
  }

  /** Drops every caller of this run; changes still pending happen, in order, up to a random one. */
  crash(random: Random): void {
    this.happen(this.tables, random);
    this.pending = [];
    this.#run++;
  }

  /** Does to `tables` the first few of the changes pending, as a crash would have it. */
  protected happen(tables: Tables, random: Random): void {
    const happened = Math.floor(random.next() * (this.pending.length + 1));
    for (const change of this.pending.slice(0, happened)) change(tables);
  }

  protected async change(change: Change<Tables>): Promise<void> {
    if (this.failing !== null) {
      throw new OperatingError(this.failing, "Cannot change the tables: told to fail");
    }
    this.changes++;
    const run = this.#run;
    this.pending.push(change);
    await this.delay();
    // A crashed caller never hears of it.
    if (run !== this.#run) return new Promise(() => {});
    const at = this.pending.indexOf(change);
    // Changes apply in the order they were asked for, as in one database.
    for (const earlier of this.pending.splice(0, at + 1)) earlier(this.tables);
  }
}
