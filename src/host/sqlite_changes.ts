/**
 * Changes of the catalogue's database on their way to its thread. Those of one turn always share a
 * transaction, and those that are asked for while one runs share the next: a fleet of clients that
 * all connect, or subscribe, costs few syncs.
 *
 * @module
 */
import type { Row, SqliteThread } from "./sqlite_thread.ts";
import type { Statement } from "./sqlite_worker.ts";

interface Change {
  /** Changes of one turn are never torn apart. */
  readonly turn: number;
  readonly statements: readonly Statement[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Statements of several turns: beyond it other questions would wait long for the thread. */
const STATEMENTS_MAX = 5_000;

export class SqliteChanges {
  readonly #thread: Pick<SqliteThread, "ask">;
  #changes: Change[] = [];
  #changing = false;
  #turn = 0;
  /** Resolves when the latest change is durable, or failed. */
  #latest: Promise<void> = Promise.resolve();

  constructor(thread: Pick<SqliteThread, "ask">) {
    this.#thread = thread;
  }

  /** One transaction, or a part of one; durable once this resolves. */
  change(statements: readonly Statement[]): Promise<void> {
    if (statements.length === 0) return Promise.resolve();
    const durable = new Promise<void>((resolve, reject) => {
      this.#changes.push({ turn: this.#turn, statements, resolve, reject });
    });
    if (this.#changes.at(-2)?.turn !== this.#turn) queueMicrotask(() => this.#turn += 1);
    this.#latest = durable.catch(() => {});
    if (!this.#changing) void this.#writeChanges();
    return durable;
  }

  /** What the database says once every change asked for before is in it. */
  async query(sql: string, values: Statement[1] = []): Promise<readonly Row[]> {
    if (this.#changing) await this.#latest;
    return await this.#thread.ask({ kind: "query", statement: [sql, values] });
  }

  /** Resolves once nothing is on its way. */
  async idle(): Promise<void> {
    while (this.#changing) await this.#latest;
  }

  async #writeChanges(): Promise<void> {
    this.#changing = true;
    // The rest of this turn comes along.
    await Promise.resolve();
    while (this.#changes.length > 0) {
      const changes = this.#take();
      try {
        const statements = changes.flatMap((change) => change.statements);
        await this.#thread.ask({ kind: "change", statements });
        for (const { resolve } of changes) resolve();
      } catch (error) {
        for (const { reject } of changes) reject(error);
      }
    }
    this.#changing = false;
  }

  #take(): Change[] {
    let statements = 0;
    const first = this.#changes[0]!.turn;
    const beyond = this.#changes.findIndex((change) => {
      statements += change.statements.length;
      return statements > STATEMENTS_MAX && change.turn !== first;
    });
    if (beyond < 0) return this.#changes.splice(0);
    // Back to where that one's turn begins.
    const { turn } = this.#changes[beyond]!;
    return this.#changes.splice(0, this.#changes.findIndex((change) => change.turn === turn));
  }
}
