/** Which changes share a transaction, and what questions wait for. */
import { describe, expect, it } from "vitest";
import { SqliteChanges } from "../../src/host/sqlite_changes.ts";
import type { Question } from "../../src/host/sqlite_thread.ts";

/** Takes questions, and answers when told to. */
class HeldThread {
  readonly asked: Question[] = [];
  readonly #answers: ((error?: Error) => void)[] = [];

  ask(question: Question): Promise<[]> {
    this.asked.push(question);
    return new Promise((resolve, reject) => {
      this.#answers.push((error) => error === undefined ? resolve([]) : reject(error));
    });
  }

  async answer(error?: Error): Promise<void> {
    this.#answers.shift()!(error);
    await turn();
  }

  /** The statements' first words, by transaction. */
  get transactions(): (readonly string[] | "query")[] {
    return this.asked.map((question) =>
      question.kind === "change" ? question.statements.map(([sql]) => sql) : "query"
    );
  }
}

const turn = () => new Promise((resolve) => setTimeout(resolve));

describe("SqliteChanges", () => {
  it("gathers a turn's changes, and those of the time a transaction takes", async () => {
    const thread = new HeldThread();
    const changes = new SqliteChanges(thread);
    const durable: string[] = [];
    const change = (...sql: string[]) =>
      changes.change(sql.map((one) => [one, []])).then(() => durable.push(sql.join()));
    void change("a");
    void change("b", "c");
    await turn();
    void change("d");
    void change("e");
    await turn();
    expect(thread.transactions).toEqual([["a", "b", "c"]]);
    await thread.answer();
    expect(durable).toEqual(["a", "b,c"]);
    expect(thread.transactions).toEqual([["a", "b", "c"], ["d", "e"]]);
    await thread.answer();
    expect(durable).toEqual(["a", "b,c", "d", "e"]);
  });

  it("asks only once every change asked for before is in", async () => {
    const thread = new HeldThread();
    const changes = new SqliteChanges(thread);
    void changes.change([["a", []]]);
    await turn();
    void changes.change([["b", []]]);
    void changes.query("SELECT");
    await turn();
    expect(thread.transactions).toEqual([["a"]]);
    await thread.answer();
    expect(thread.transactions).toEqual([["a"], ["b"]]);
    await thread.answer();
    expect(thread.transactions).toEqual([["a"], ["b"], "query"]);
  });

  it("is idle once what was on its way is answered, and what came meanwhile", async () => {
    const thread = new HeldThread();
    const changes = new SqliteChanges(thread);
    await changes.idle();
    let idle = false;
    void changes.change([["a", []]]);
    void changes.idle().then(() => idle = true);
    await turn();
    void changes.change([["b", []]]);
    await thread.answer();
    expect(idle).toBe(false);
    await thread.answer();
    expect(idle).toBe(true);
  });

  it("tells everyone whose transaction failed, and goes on with the next", async () => {
    const thread = new HeldThread();
    const changes = new SqliteChanges(thread);
    const told: unknown[] = [];
    changes.change([["a", []]]).catch((error) => told.push(error.message));
    changes.change([["b", []]]).catch((error) => told.push(error.message));
    await turn();
    const next = changes.change([["c", []]]);
    await thread.answer(new Error("full"));
    expect(told).toEqual(["full", "full"]);
    await thread.answer();
    await next;
  });

  it("makes no transaction of too many statements of several turns", async () => {
    const thread = new HeldThread();
    const changes = new SqliteChanges(thread);
    const many = (count: number) => Array.from({ length: count }, () => ["x", []] as const);
    for (const count of [3_000, 1_000, 3_000, 7_000, 1_000]) {
      void changes.change(many(count));
      await turn();
    }
    for (let answers = 0; answers < 4; answers++) await thread.answer();
    expect(thread.transactions.map(({ length }) => length)).toEqual([3_000, 4_000, 7_000, 1_000]);
  });

  it("never tears apart what was asked for in one turn", async () => {
    const thread = new HeldThread();
    const changes = new SqliteChanges(thread);
    const many = (count: number) => Array.from({ length: count }, () => ["x", []] as const);
    void changes.change(many(1));
    await turn();
    void changes.change(many(2_000));
    await turn();
    for (const count of [2_000, 2_000, 7_000]) void changes.change(many(count));
    await turn();
    for (let answers = 0; answers < 3; answers++) await thread.answer();
    expect(thread.transactions.map(({ length }) => length)).toEqual([1, 2_000, 11_000]);
  });
});
