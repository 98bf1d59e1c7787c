/**
 * Consumer instances at random: they come, read, commit, leave, or are never heard of again with an
 * answer in their hands. Whatever they do, each record reaches a client that came back for more, or
 * is still there for the next one: at least once, and never not at all.
 */
import { expect, it } from "vitest";
import { diceOf } from "../support/dice.ts";
import { openRestWorld, RestInstance, type RestWorld } from "../support/rest_world.ts";

const SEEDS = Number(process.env["SEEDS"] ?? 12);
const FIRST = Number(process.env["SEED"] ?? 1);
const STEPS = 60;
const PARTITIONS = 3;

class Client {
  /** What its last answer held: not processed until it asks again. */
  #held: number[] = [];

  constructor(
    readonly instance: RestInstance,
    readonly autoCommit: boolean,
    readonly processed: Set<number>,
  ) {}

  async read(waitMs: number): Promise<void> {
    this.#process();
    const { status, body } = await this.instance.records(`?timeout=${waitMs}&max_bytes=12`);
    expect(status, JSON.stringify(body)).toBe(200);
    this.#held = body.map(({ value }: { value: number }) => value);
  }

  /** What it has processed by then is what it commits; the group may have moved on. */
  async commit(): Promise<void> {
    this.#process();
    const { status } = await this.instance.call("POST", "/offsets");
    expect([204, 409]).toContain(status);
  }

  /** It says good-bye: what it holds, it has processed, where that is committed for it. */
  async leave(): Promise<void> {
    if (this.autoCommit) this.#process();
    expect((await this.instance.call("DELETE", "")).status).toBe(204);
  }

  #process(): void {
    for (const value of this.#held) this.processed.add(value);
    this.#held = [];
  }
}

async function join(world: RestWorld, autoCommit: boolean, processed: Set<number>) {
  const instance = await RestInstance.create(world, "g", {
    ...{ "session.timeout.ms": 8_000, "auto.commit.enable": autoCommit },
  });
  await instance.subscribe("t");
  return new Client(instance, autoCommit, processed);
}

it(`no record is lost between instances that come and go, ${SEEDS} seeds from ${FIRST}`, async () => {
  for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
    const world = await openRestWorld({ partitions: PARTITIONS });
    await world.store.createTopic("t");
    const dice = diceOf(seed);
    const below = (max: number) => Math.floor(dice() * max);
    const processed = new Set<number>();
    let clients: Client[] = [];
    let produced = 0;
    for (let step = 0; step < STEPS; step++) {
      const client = clients[below(clients.length)];
      const roll = below(100);
      if (roll < 35) {
        await world.produce("t", [produced++, produced++], below(PARTITIONS));
      } else if (client === undefined || (roll < 45 && clients.length < 4)) {
        clients.push(await join(world, below(2) === 0, processed));
      } else if (roll < 80) {
        await client.read(below(3) * 200);
      } else if (roll < 88) {
        await client.commit();
      } else if (roll < 92) {
        clients = clients.filter((other) => other !== client);
        await client.leave();
      } else if (roll < 95) {
        // Killed: nobody hears of it again.
        clients = clients.filter((other) => other !== client);
      } else {
        await world.pass(below(10_000));
      }
    }
    // All are killed; who comes next has what is left.
    await world.pass(9_000);
    const heir = await join(world, true, processed);
    for (let round = 0; round < 40; round++) await heir.read(100);
    const missing = Array.from({ length: produced }, (_, value) => value)
      .filter((value) => !processed.has(value));
    expect(missing, `seed ${seed}`).toEqual([]);
    expect(world.bugs, `seed ${seed}`).toEqual([]);
    await world.store.close();
  }
});
