/**
 * Deliberate bugs. `deno task sim --mutant NAME` puts one into a copy of the source and runs seeds
 * until the simulator sees it. `from` stands in its file exactly once.
 */
import type { About } from "./fleet/draw_plan.ts";

export interface Mutant {
  readonly name: string;
  /** One that sees it, and is well without it. */
  readonly seed: number;
  /** Seeds that are about that see it sooner. */
  readonly about?: keyof About;
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: "acknowledge_before_sync",
    seed: 1,
    file: "src/store/log_writer.ts",
    from: "await this.#leases[this.#synced]!.file.sync();",
    to: "await Promise.resolve();",
  },
  {
    name: "roll_before_sync",
    seed: 269,
    file: "src/store/log_writer.ts",
    from: "this.#writeOn(durable);",
    to: "this.#writeOn(durable && false);",
  },
  {
    name: "forget_islands_on_crash",
    seed: 7,
    about: "catchUp",
    file: "src/store/received_logs.ts",
    from: "...{ logId, firstOffset, watermark, islands, open, localEnd },",
    to: "...{ logId, firstOffset, watermark, islands: [], open, localEnd },",
  },
  {
    name: "forget_closed_logs_that_grow",
    seed: 22,
    about: "clone",
    file: "src/store/received_logs.ts",
    from: "if (committed.contiguous <= closed.to && committed.islands.length === 0) return;",
    to: "if (closed.to >= 0) return;",
  },
  {
    name: "dedup_by_last_number_only",
    seed: 2,
    file: "src/store/lane_rules.ts",
    from: 'if (set.covers(from, to)) return "duplicate";',
    to:
      'if (from + 1 === set.watermark) return "duplicate";\n  if (from < set.watermark) return "append";',
  },
  {
    name: "say_held_before_it_is_synced",
    seed: 84,
    about: "stalledDisk",
    file: "src/store/received_log.ts",
    from: "watermark: entry.committed.watermark,",
    to: "watermark: entry.noted.watermark,",
  },
  {
    name: "judge_before_queue",
    seed: 2,
    file: "src/replication/lane_append.ts",
    from: "      if (!this.#inTurnNow(header.logId, take)) {",
    to: `      const early = this.#judge(header, range);
      await this.#context.turnstile.wait("nobody");
      if (early === "append") this.#append(log, batch, range);
      else if (!this.#inTurnNow(header.logId, take)) {`,
  },
  {
    name: "ledger_after_delete",
    seed: 39,
    about: "smallDisks",
    file: "src/store/evictor.ts",
    from: `    await this.#change(shares.flatMap((share) => this.#entriesOf(log, share, reason)), {
      start: { directory, offset: logStart, held, settled },
    });
    log.setLogStart(logStart);
    const freed = log.removeBelowLogStart();`,
    to: `    await this.#change([], { start: { directory, offset: logStart, held, settled } });
    log.setLogStart(logStart);
    const freed = log.removeBelowLogStart();
    await this.#change(shares.flatMap((share) => this.#entriesOf(log, share, reason)), {});`,
  },
  {
    name: "evict_without_entry",
    seed: 39,
    about: "smallDisks",
    file: "src/store/evictor.ts",
    from: "await this.#change(shares.flatMap((share) => this.#entriesOf(log, share, reason)), {",
    to: "await this.#change(shares.flatMap(() => []), {",
  },
  {
    name: "evict_without_telling",
    seed: 32,
    about: "smallDisks",
    file: "src/replication/lane_gaps.ts",
    from: "      reason: entry.reason,",
    to: '      reason: "void" as const,',
  },
  {
    name: "skip_without_asking_the_receiver",
    seed: 42,
    file: "src/replication/store_books.ts",
    from: "ledger.resolve(answers, {",
    to: "ledger.resolve(answers.map((each) => ({ ...each, lacking: [each] })), {",
  },
  {
    name: "checkpoint_captured_in_two_turns",
    seed: 9,
    about: "flurry",
    file: "src/store/checkpointer.ts",
    from: "    const { files, rest, written } = this.#options;",
    to: `    const { files, timers, written } = this.#options;
    const early = this.#options.rest();
    const rest = () => early;
    await new Promise<void>((resolve) => void timers.after(50, resolve));`,
  },
  {
    name: "end_a_backlog_before_it_was_sent",
    seed: 10,
    about: "live",
    file: "src/replication/lane.ts",
    from: "if (this.#live === null || !this.#backlog.over) return;",
    to: "if (this.#live === null) return;",
  },
  {
    name: "successor_does_not_wait",
    seed: 21,
    about: "manyRuns",
    file: "src/store/received_logs.ts",
    from: "if (watermark < before.end) throw outOfOrder(before.log.logId, watermark);",
    to: "if (watermark < 0) throw outOfOrder(before.log.logId, watermark);",
  },
  {
    name: "one_log_id_for_ever",
    seed: 1,
    file: "src/store/log_registry.ts",
    from: "    const logId = randomPositive63(this.#options.random);",
    to: `    const earlier = this.chain(log.topic, log.index).at(-1);
    const logId = earlier?.logId ?? randomPositive63(this.#options.random);`,
  },
  {
    name: "quota_forgotten_by_a_crash",
    seed: 32,
    about: "linkBudget",
    file: "src/replication/budget/quota.ts",
    from: "    await this.#book.write(marks);",
    to: "    await Promise.resolve();",
  },
  {
    name: "take_a_run_for_the_one_before",
    seed: 208,
    file: "src/replication/lane_logs.ts",
    from: "if (latest.logId !== this.#own.at(-1)?.logId) this.refresh();",
    to: "if (latest.logId === this.#own.at(-1)?.logId) this.refresh();",
  },
  {
    name: "wait_for_what_its_holder_lost",
    seed: 20_132,
    about: "reroute",
    file: "src/store/holders.ts",
    from: "holders.every((holder) => holder === node);",
    to: "holders.length === 0;",
  },
];
