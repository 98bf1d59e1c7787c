/**
 * Consumer groups whose members come, go, die and come back at random, on a clock wound by hand,
 * over a book that crashes. Whatever happens: in each generation a partition is one member's,
 * generations rise, nobody commits for a generation that is over, what was acknowledged is there
 * after a crash, and once things calm down every partition has an owner.
 */
import { expect, it } from "vitest";
import { isOperatingError } from "../../src/base/errors.ts";
import type { TopicPartition } from "../../src/groups/group_api.ts";
import { joinLocally } from "../../src/groups/local_join.ts";
import { diceOf, pick, seededRandom } from "../support/dice.ts";
import { type GroupWorld, openGroupWorld, settled } from "../support/group_world.ts";

const SEEDS = Number(process.env["FUZZ_SEEDS"] ?? 150);
const FIRST_SEED = Number(process.env["FUZZ_SEED"] ?? 1);
const STEPS = 200;
const TOPICS = ["a", "b"];
const SESSION_MS = 10_000;
const REBALANCE_MS = 20_000;

/** What every member was ever told, across crashes. */
class Oracle {
  readonly #owners = new Map<number, Map<string, string>>();
  readonly #accepted = new Map<string, number[]>();
  latest = 0;
  joins = 0;
  commits = 0;
  refused = 0;

  /** `owner` is the member, or the instance whose place it takes. */
  joined(owner: string, generation: number, assignment: readonly TopicPartition[]): void {
    this.joins++;
    expect(generation).toBeGreaterThan(0);
    const owners = this.#owners.get(generation) ?? new Map<string, string>();
    this.#owners.set(generation, owners);
    for (const each of assignment) {
      const place = placeOf(each);
      expect(owners.get(place) ?? owner, `${place} in generation ${generation}`).toBe(owner);
      owners.set(place, owner);
    }
    this.latest = Math.max(this.latest, generation);
  }

  /** A commit was asked for: its outcome is judged by what was known then. */
  committing(place: string, offset: number): void {
    this.#accepted.set(place, [...this.#accepted.get(place) ?? [], offset]);
  }

  /** Of all asked for, those from the last acknowledged one on are possible. */
  acknowledged(place: string, offset: number): void {
    const asked = this.#accepted.get(place)!;
    this.#accepted.set(place, asked.slice(asked.indexOf(offset)));
    this.commits++;
  }

  denied(place: string, offset: number): void {
    const asked = this.#accepted.get(place)!;
    this.#accepted.set(place, asked.filter((each) => each !== offset));
    this.refused++;
  }

  check(committed: ReadonlyMap<string, number>, acknowledged: ReadonlySet<string>): void {
    for (const [place, possible] of this.#accepted) {
      const found = committed.get(place);
      if (found === undefined) expect(acknowledged.has(place), place).toBe(false);
      else expect(possible, place).toContain(found);
    }
  }
}

/** Somebody who had that once, and does not know better. */
type Ghost = Pick<Client, "memberId" | "generation" | "instanceId" | "assignment">;

const GHOSTS_MAX = 20;

interface Client {
  readonly name: number;
  readonly topics: readonly string[];
  readonly instanceId: string | undefined;
  readonly assignor: "range" | "sticky";
  memberId: string;
  generation: number;
  assignment: readonly TopicPartition[];
  joining: AbortController | null;
}

class Run {
  readonly #dice: () => number;
  readonly #oracle: Oracle;
  readonly #seed: number;
  readonly #acknowledged = new Set<string>();
  /** The member that each instance is now. */
  readonly #holders = new Map<string, string>();
  #failure: unknown = null;
  #world: GroupWorld;
  #clients: Client[] = [];
  readonly #ghosts: Ghost[] = [];
  #names = 0;
  #offset = 0;
  #epoch = 0;

  constructor(seed: number, world: GroupWorld, oracle: Oracle) {
    this.#seed = seed;
    this.#dice = diceOf(seed);
    this.#world = world;
    this.#oracle = oracle;
  }

  async step(): Promise<void> {
    const roll = this.#dice();
    const client = pick(this.#dice, this.#clients);
    if (client === undefined || roll < 0.06) this.#comes();
    else if (roll < 0.3) this.#join(client);
    else if (roll < 0.55) this.#heartbeat(client);
    else if (roll < 0.7) this.#commit(client, (error) => this.#told(client, error));
    else if (roll < 0.75) this.#commit(pick(this.#dice, this.#ghosts) ?? client, () => {});
    else if (roll < 0.79) this.#leave(client);
    else if (roll < 0.82) this.#dies(client);
    else if (roll < 0.84) client.joining?.abort();
    else if (roll < 0.85) this.#growTopic();
    else if (roll < 0.86) await this.#crash();
    else await this.#world.pass(Math.floor(this.#dice() * 6_000));
    if (this.#dice() < 0.5) await settled();
    if (this.#failure !== null) throw this.#failure;
  }

  /** What fails where nobody waits for it fails the run. */
  #judge(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#failure ??= error;
    }
  }

  /** Everyone who is left behaves from here on. */
  async calm(): Promise<void> {
    for (let round = 0; round < 40; round++) {
      for (const client of this.#clients) this.#behave(client);
      await settled();
      await this.#world.pass(SESSION_MS / 4);
    }
    for (const client of this.#clients) this.#behave(client);
    await settled();
  }

  /** With members, everything they subscribed to is owned, once; what was acknowledged is there. */
  async check(): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    const owned = this.#clients.flatMap(({ assignment }) => assignment.map(placeOf));
    const wanted = new Set(this.#clients.flatMap(({ topics }) => topics));
    const all = [...wanted].flatMap((topic) =>
      this.#world.topics.topic(topic)!.partitions.map((_, partition) =>
        placeOf({ topic, partition })
      )
    );
    expect(owned.toSorted()).toEqual(all.toSorted());
    const generations = new Set(this.#clients.map(({ generation }) => generation));
    expect(generations.size).toBeLessThanOrEqual(1);
    if (this.#clients.length > 0) {
      const { state, members } = this.#world.groups.describe("g");
      expect(state).toBe("stable");
      expect(members.map(({ memberId }) => memberId).toSorted())
        .toEqual(this.#clients.map(({ memberId }) => memberId).toSorted());
    }
    await this.#checkCommitted();
  }

  async #checkCommitted(): Promise<void> {
    const committed = await this.#world.groups.committed("g");
    this.#oracle.check(
      new Map(committed.map((each) => [placeOf(each), each.offset])),
      this.#acknowledged,
    );
  }

  #comes(): void {
    if (this.#clients.length >= 6) return;
    const dice = this.#dice;
    const instanceId = dice() < 0.3 ? `i${Math.floor(dice() * 3)}` : undefined;
    if (this.#clients.some((other) => instanceId && other.instanceId === instanceId)) return;
    this.#clients.push({
      ...{ name: this.#names++, instanceId, assignor: pick(dice, ["range", "sticky"] as const) },
      topics: pick(dice, [["a"], ["b"], TOPICS, TOPICS]),
      ...{ memberId: "", generation: -1, assignment: [], joining: null },
    });
  }

  #join(client: Client): void {
    if (client.joining !== null) return;
    const joining = client.joining = new AbortController();
    const epoch = this.#epoch;
    if (client.assignment.length > 0) this.#ghosts.push({ ...client });
    if (this.#ghosts.length > GHOSTS_MAX) this.#ghosts.shift();
    const { topics, instanceId, memberId, assignor } = client;
    joinLocally(this.#world.groups, this.#world.topics, {
      ...{ group: "g", topics, instanceId, memberId, assignor, clientId: `c${client.name}` },
      ...{ host: "::1", sessionTimeoutMs: SESSION_MS, rebalanceTimeoutMs: REBALANCE_MS },
      ...(this.#dice() < 0.3 ? { waitMs: pick(this.#dice, [0, 500, 3_000]) } : {}),
      signal: joining.signal,
    }).then((joined) => {
      if (epoch !== this.#epoch) return;
      const owner = instanceId ?? joined.memberId;
      this.#judge(() => this.#oracle.joined(owner, joined.generation, joined.assignment));
      if (instanceId !== undefined) this.#holders.set(instanceId, joined.memberId);
      Object.assign(client, joined);
    }, (error) => {
      if (epoch !== this.#epoch) return;
      if (!isOperatingError(error)) throw error;
      client.memberId = String(error.detail["member_id"] ?? "");
      Object.assign(client, { generation: -1, assignment: [] });
    }).finally(() => {
      if (client.joining === joining) client.joining = null;
    });
  }

  #heartbeat(client: Client): void {
    if (client.generation < 0 || client.joining !== null) return;
    try {
      this.#world.groups.heartbeat({ group: "g", ...client });
    } catch (error) {
      this.#told(client, error);
    }
  }

  #told(client: Client, error: unknown): void {
    if (!isOperatingError(error)) throw error;
    if (!isOperatingError(error, "rebalance_in_progress")) client.memberId = "";
    Object.assign(client, { generation: -1, assignment: [] });
  }

  #commit({ assignment, memberId, generation, instanceId }: Ghost, told: (error: unknown) => void) {
    const each = pick(this.#dice, assignment);
    if (each === undefined) return;
    const [place, offset, epoch] = [placeOf(each), ++this.#offset, this.#epoch];
    const current = this.#oracle.latest;
    const holder = this.#holders.get(instanceId ?? "");
    this.#oracle.committing(place, offset);
    this.#world.groups.commit({
      ...{ group: "g", member: { memberId, generation, instanceId } },
      offsets: [{ ...each, offset }],
    }).then(() => {
      this.#judge(() => {
        expect(generation, "of whom a commit was taken").toBeGreaterThanOrEqual(current);
        if (instanceId !== undefined) expect(memberId, instanceId).toBe(holder);
      });
      if (epoch === this.#epoch) {
        this.#oracle.acknowledged(place, offset);
        this.#acknowledged.add(place);
      }
    }, (error) => {
      this.#oracle.denied(place, offset);
      if (epoch === this.#epoch) told(error);
    });
  }

  #leave(client: Client): void {
    if (client.memberId !== "" && client.joining === null) {
      try {
        this.#world.groups.leave({ group: "g", ...client });
      } catch (error) {
        this.#told(client, error);
      }
    }
    if (client.joining === null) this.#clients = this.#clients.filter((each) => each !== client);
  }

  /** Without a word; its connection may be noticed to be gone, or not. */
  #dies(client: Client): void {
    if (this.#dice() < 0.7 || client.joining !== null) client.joining?.abort();
    this.#clients = this.#clients.filter((each) => each !== client);
  }

  #growTopic(): void {
    const name = pick(this.#dice, TOPICS);
    const { partitions } = this.#world.topics.topic(name)!;
    if (partitions.length < 8) this.#world.topics.put(name, partitions.length + 1);
  }

  /** kill -9: the members notice when they next ask. */
  async #crash(): Promise<void> {
    this.#epoch++;
    const { book, topics, clock } = this.#world;
    book.crash(seededRandom(this.#seed + this.#epoch));
    for (const client of this.#clients) client.joining = null;
    const seed = this.#seed * 1_000 + this.#epoch;
    this.#world = await openGroupWorld({ book, topics, clock, seed, initialDelayMs: 250 });
    await this.#checkCommitted();
  }

  #behave(client: Client): void {
    if (client.joining !== null) return;
    if (client.generation >= 0) this.#heartbeat(client);
    if (client.generation < 0) this.#join(client);
  }
}

function placeOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}

it(`holds for ${SEEDS} seeds`, async () => {
  const oracle = { joins: 0, commits: 0, refused: 0 };
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    const own = new Oracle();
    const world = await openGroupWorld({ seed, initialDelayMs: seed % 2 ? 250 : 0 });
    world.book.delay = () => settled();
    world.topics.put("a", 1 + seed % 5);
    world.topics.put("b", 1 + seed % 3);
    const run = new Run(seed, world, own);
    try {
      for (let step = 0; step < STEPS; step++) await run.step();
      await run.calm();
      await run.check();
    } catch (error) {
      throw new Error(`seed ${seed}: FUZZ_SEED=${seed} FUZZ_SEEDS=1`, { cause: error });
    }
    oracle.joins += own.joins;
    oracle.commits += own.commits;
    oracle.refused += own.refused;
  }
  // It must have had something to judge.
  expect(oracle.joins).toBeGreaterThan(SEEDS);
  expect(oracle.commits).toBeGreaterThan(SEEDS);
  expect(oracle.refused).toBeGreaterThan(0);
}, 120_000);
