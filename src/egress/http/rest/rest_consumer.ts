/**
 * A consumer instance: made by one request, and used by those that name it. It shares topics with
 * its group by subscription, or reads the partitions it was assigned by hand; it hands out records
 * from where its group last committed, and commits what its client has.
 *
 * It is at least once: what was handed out with the last answer counts as processed only once the
 * client has come back for more, has committed, or has said good-bye. A client that dies in between
 * leaves it to whoever takes its partitions.
 *
 * @module
 */
import { type Clock, sleep, type Timers } from "../../../base/clock.ts";
import { isOperatingError, messageOf, type OperatingError } from "../../../base/errors.ts";
import { GROUP_REBALANCE_MS_DEFAULT } from "../../../base/group_limits.ts";
import { FETCH_DECODED_BYTES_MAX } from "../../../base/limits.ts";
import type { Logger } from "../../../base/log.ts";
import { REST_AUTO_COMMIT_MS, REST_JOIN_MS_MIN } from "../../../base/rest_limits.ts";
import type { Inflate } from "../../../format/codec.ts";
import type { CommittedOffset, Groups, OffsetToCommit } from "../../../groups/group_api.ts";
import { storeTopics } from "../../../groups/group_topics.ts";
import { LocalMember } from "../../../groups/local_member.ts";
import { restError } from "../../../protocol/http/rest_error.ts";
import { fetchWaitAny } from "../../fetch_wait.ts";
import type { EgressStore } from "../options.ts";
import type { ConsumerConfig } from "./consumer_config.ts";
import { ConsumerPositions, isSamePlace, offsetIn, topicWith } from "./consumer_positions.ts";
import { commitOf } from "./positions.ts";
import type { RestOffset, RestPartition } from "./request_fields.ts";
import { type Reading, readRestPage, type RestPage } from "./rest_page.ts";
import { TopicPattern, topicsMatching } from "./topic_pattern.ts";

export interface ConsumerHost {
  readonly store: EgressStore;
  readonly groups: Groups;
  readonly inflate: Inflate;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
}

export interface ConsumerIdentity {
  readonly group: string;
  readonly name: string;
  /** Where its client is. */
  readonly address: string;
}

export interface ReadOptions {
  readonly waitMs: number;
  readonly maxBytes: number;
  /** Aborts when the client has gone, or the node stops. */
  readonly signal: AbortSignal;
}

type Subscription = "none" | "topics" | "assigned" | TopicPattern;
type Standing = Pick<Reading, "log" | "offset">;

const EMPTY: RestPage = { records: [], gaps: [], bytes: 0, ends: [] };

/** What the group says to one whose partitions are another's by now. */
const FENCED: ReadonlySet<OperatingError["code"]> = new Set(
  [
    "fenced_instance",
    "group_not_empty",
    "illegal_generation",
    "rebalance_in_progress",
    "unknown_member",
  ] as const,
);

export class RestConsumer {
  readonly identity: ConsumerIdentity;
  readonly config: ConsumerConfig;
  readonly #host: ConsumerHost;
  readonly #member: LocalMember;
  readonly #positions: ConsumerPositions;
  #subscription: Subscription = "none";
  #autoCommittedMs: number;
  #reads = 0;
  /** Aborts when what a read waits for has changed. */
  #changed = new AbortController();
  /** Aborts when it gives up what it is subscribed to. */
  #left = new AbortController();
  #joining: Promise<unknown> | null = null;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(host: ConsumerHost, identity: ConsumerIdentity, config: ConsumerConfig) {
    const { store, groups } = host;
    const { group, name, address } = identity;
    this.#host = host;
    this.identity = identity;
    this.config = config;
    this.#autoCommittedMs = host.clock.monotonicMs();
    this.#positions = new ConsumerPositions({ store, groups, group, ...config });
    this.#member = new LocalMember(groups, storeTopics(store), {
      ...{ group, clientId: name, host: address },
      sessionTimeoutMs: config.sessionMs,
      rebalanceTimeoutMs: Math.min(config.sessionMs, GROUP_REBALANCE_MS_DEFAULT),
      onRevoke: () => this.#autoCommit(),
      onAssign: (partitions) => this.#positions.take(partitions, this.#member.memberId),
    });
  }

  /** @throws {OperatingError} 40903 where partitions were assigned by hand */
  subscribe(to: readonly string[] | TopicPattern): void {
    if (this.#subscription === "assigned") throw exclusive();
    const byPattern = to instanceof TopicPattern;
    this.#subscription = byPattern ? to : "topics";
    this.#member.subscribe(byPattern ? topicsMatching(to, this.#host.store) : to);
    this.#change();
  }

  get subscription(): readonly string[] {
    return this.#member.subscription;
  }

  /** @throws {OperatingError} 40903 where it is subscribed */
  assign(partitions: readonly RestPartition[]): void {
    if (this.#subscription !== "none" && this.#subscription !== "assigned") throw exclusive();
    this.#subscription = "assigned";
    this.#positions.take(partitions, "");
    this.#change();
  }

  get assignment(): readonly RestPartition[] {
    return this.#positions.places;
  }

  /** Its client says good-bye: it has what it was handed, and the rest is for others. */
  async unsubscribe(): Promise<void> {
    await this.#alone(async () => {
      this.#positions.confirm();
      await this.#autoCommit();
      await this.#leave();
    });
  }

  /** Its client has gone without a word: what it was handed last is for others, too. */
  async expire(): Promise<void> {
    await this.#autoCommit();
    await this.#leave();
  }

  /** Commits of itself what its client has, now and then. */
  async tick(): Promise<void> {
    if (this.#host.clock.monotonicMs() - this.#autoCommittedMs < REST_AUTO_COMMIT_MS) return;
    await this.#alone(() => this.#autoCommit());
  }

  /**
   * Records, as soon as there are some; none when the wait is over, or a later read came.
   *
   * @throws {OperatingError} 40903 without a subscription, 41601, 40602, and what joining throws
   */
  async read({ waitMs, maxBytes, signal }: ReadOptions): Promise<RestPage> {
    if (this.#subscription === "none") {
      throw restError(
        40903,
        "Cannot read: the consumer is not subscribed to any topics or assigned any partitions",
      );
    }
    const { clock } = this.#host;
    const read = ++this.#reads;
    const untilMs = clock.monotonicMs() + waitMs;
    this.#change();
    this.#positions.confirm();
    await this.tick();
    for (;;) {
      const leftMs = Math.max(0, untilMs - clock.monotonicMs());
      if (!await this.#join(Math.max(leftMs, REST_JOIN_MS_MIN), signal)) return EMPTY;
      const changed = this.#changed.signal;
      const isWanted = () =>
        read === this.#reads && this.#subscription !== "none" && !signal.aborted;
      const { page, standings } = await this.#alone(() =>
        this.#readOnce(maxBytes, { isWanted, isLast: untilMs <= clock.monotonicMs() })
      );
      if (page !== null) return page;
      await this.#wait(standings, untilMs - clock.monotonicMs(), [signal, changed]);
    }
  }

  /** A page where it is large enough, or the last one; else what to wait for. */
  async #readOnce(
    maxBytes: number,
    { isWanted, isLast }: { readonly isWanted: () => boolean; readonly isLast: boolean },
  ): Promise<{ readonly page: RestPage | null; readonly standings: readonly Standing[] }> {
    const none = { page: EMPTY, standings: [] };
    if (!isWanted()) return none;
    const { store: { core, ranges: losses }, inflate } = this.#host;
    const { format, minBytes } = this.config;
    const readings = await this.#positions.readings();
    const page = await readRestPage(readings, {
      ...{ core, inflate, losses, format },
      maxBytes: Math.min(maxBytes, FETCH_DECODED_BYTES_MAX),
    });
    // Nobody is there to take it: it is kept for the next one who asks.
    if (!isWanted()) return none;
    const ends = new Map(page.ends.map(({ reading, offset }) => [reading, offset]));
    const isEnough = page.gaps.length > 0 || ends.size < readings.length ||
      (page.records.length > 0 && (minBytes <= 1 || page.bytes >= Math.min(minBytes, maxBytes)));
    if (isEnough || isLast) {
      this.#positions.advance(page);
      return { page, standings: [] };
    }
    return {
      page: null,
      standings: readings.map((reading) => ({
        log: reading.log,
        offset: ends.get(reading) ?? reading.offset,
      })),
    };
  }

  /** False while the group cannot agree yet who has what. */
  async #join(waitMs: number, signal: AbortSignal): Promise<boolean> {
    const subscription = this.#subscription;
    if (subscription === "assigned" || subscription === "none") return true;
    if (subscription instanceof TopicPattern) {
      this.#member.subscribe(topicsMatching(subscription, this.#host.store));
    }
    const left = this.#left.signal;
    const over = new AbortController();
    const joined = this.#joinInTheEnd().then(() => true);
    const late = sleep(this.#host.timers, waitMs, AbortSignal.any([signal, over.signal]))
      .then(() => false);
    try {
      return await Promise.race([joined, late]);
    } catch (error) {
      if (isOperatingError(error, "rebalance_in_progress") || left.aborted) return false;
      throw error;
    } finally {
      over.abort();
    }
  }

  /**
   * Goes on when a read has given up waiting for it, as joins of Kafka's consumer do: members whose
   * clients ask one after the other would never all be joining at the same time.
   */
  #joinInTheEnd(): Promise<unknown> {
    if (this.#joining === null) {
      const joining = this.#member.poll({ signal: this.#left.signal });
      this.#joining = joining;
      void joining.catch(() => {}).finally(() => {
        if (this.#joining === joining) this.#joining = null;
      });
    }
    return this.#joining;
  }

  /** Until there is more to read, the group rebalances, or something else has to be looked at. */
  async #wait(
    standings: readonly Standing[],
    waitMs: number,
    signals: readonly AbortSignal[],
  ): Promise<void> {
    // A read that waits is a sign of life, if it says so often enough.
    const maxWaitMs = Math.max(1, Math.min(waitMs, this.config.sessionMs / 3));
    const over = new AbortController();
    const signal = AbortSignal.any([...signals, over.signal]);
    const waits: Promise<unknown>[] = [sleep(this.#host.timers, maxWaitMs, signal)];
    if (standings.length > 0) waits.push(fetchWaitAny(standings, { maxWaitMs, signal }));
    if (this.#member.memberId !== "") waits.push(this.#member.disturbed(maxWaitMs, signal));
    try {
      await Promise.race(waits);
    } finally {
      over.abort();
      await Promise.allSettled(waits);
    }
  }

  /**
   * Commits what was handed out, or what is given: the offset to read next, and with it a note.
   *
   * @throws {OperatingError} 40401, 40402, 422, 40903 where the group has given it to others
   */
  async commit(offsets: readonly RestOffset[] | null): Promise<void> {
    await this.#alone(async () => {
      if (offsets === null) {
        this.#positions.confirm();
        return await this.#commitConfirmed();
      }
      await this.#commitNow(offsets.map((place) => {
        const topic = topicWith(this.#host.store, place);
        offsetIn(topic.partitions[place.partition]!, place);
        return commitOf(topic, place.partition, place);
      }));
    });
  }

  /** What the group has committed: of these partitions, or of all. */
  async committed(
    partitions: readonly RestPartition[] | null,
  ): Promise<readonly CommittedOffset[]> {
    const all = await this.#host.groups.committed(this.identity.group);
    if (partitions === null) return all;
    return partitions.flatMap((place) => all.filter((one) => isSamePlace(one, place)));
  }

  /** @throws {OperatingError} 40401, 40402 where it is not this instance's, 422 */
  seek(offsets: readonly RestOffset[]): Promise<void> {
    return this.#seek(() => this.#positions.seek(offsets, offsetIn));
  }

  /** @throws {OperatingError} 40401, 40402 */
  seekToBeginning(places: readonly RestPartition[]): Promise<void> {
    return this.#seek(() => this.#positions.seek(places, ({ logStartOffset }) => logStartOffset));
  }

  /** @throws {OperatingError} 40401, 40402 */
  seekToEnd(places: readonly RestPartition[]): Promise<void> {
    return this.#seek(() => this.#positions.seek(places, ({ highWatermark }) => highWatermark));
  }

  async #seek(task: () => void): Promise<void> {
    await this.#alone(task);
    this.#change();
  }

  /** Of itself: a failure is no reason not to read on. */
  async #autoCommit(): Promise<void> {
    if (!this.config.autoCommit || this.#positions.due().length === 0) return;
    this.#autoCommittedMs = this.#host.clock.monotonicMs();
    try {
      await this.#commitConfirmed();
    } catch (error) {
      const { group, name } = this.identity;
      // That others have its partitions by now, it learns with its next read.
      const level = isOperatingError(error) && error.detail["error_code"] === 40903
        ? "debug"
        : "warn";
      this.#host.logger[level]("rest_commit_failed", { group, name, error: messageOf(error) });
    }
  }

  async #commitConfirmed(): Promise<void> {
    const due = this.#positions.due();
    await this.#commitNow(due.map(({ commit }) => commit));
    for (const { position, commit } of due) position.noteCommitted(commit.offset);
  }

  async #commitNow(offsets: readonly OffsetToCommit[]): Promise<void> {
    if (offsets.length === 0) return;
    try {
      if (this.#member.memberId !== "") await this.#member.commit(offsets);
      else await this.#host.groups.commit({ group: this.identity.group, offsets });
    } catch (error) {
      if (!isOperatingError(error) || !FENCED.has(error.code)) throw error;
      throw restError(40903, error.message);
    }
  }

  async #leave(): Promise<void> {
    this.#subscription = "none";
    this.#positions.clear();
    this.#member.subscribe([]);
    this.#change();
    // A member that is about to join must not stay behind in the group, which would wait for it.
    this.#left.abort();
    this.#left = new AbortController();
    await this.#joining?.catch(() => {});
    this.#member.leave();
  }

  /** One at a time: each leaves the positions so that they may be committed. */
  #alone<T>(task: () => T | Promise<T>): Promise<T> {
    const done = this.#turn.then(task);
    this.#turn = done.catch(() => {});
    return done;
  }

  /** Makes a read that waits look again. */
  #change(): void {
    this.#changed.abort();
    this.#changed = new AbortController();
  }
}

function exclusive(): OperatingError {
  return restError(
    40903,
    "Cannot change it: subscriptions to topics, partitions, and patterns are mutually exclusive; " +
      "unsubscribe first",
  );
}
