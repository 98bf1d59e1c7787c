/**
 * The receiving end: takes what other nodes made durable first, verbatim, once, in their order,
 * and answers when it is durable here too. Which HTTP request brought it is http/app.ts's business.
 *
 * @module
 */
import type { Clock, Timers } from "../base/clock.ts";
import { isOperatingError, messageOf, OperatingError } from "../base/errors.ts";
import {
  REPLICATION_BODY_BYTES_MAX,
  REPLICATION_PARK_MS,
  REPLICATION_PARKED_MAX,
  ROUTE_HOPS_MAX,
} from "../base/link_limits.ts";
import type { Logger } from "../base/log.ts";
import type { Counter, Metrics } from "../base/metrics.ts";
import type { Random } from "../base/random.ts";
import type { LogId, NodeId, Offset } from "../base/types.ts";
import {
  type AnnounceAnswer,
  type AnnounceRequest,
  type LogAnnouncement,
  type LogStanding,
} from "../protocol/replication/announce.ts";
import type { AppendAnswer } from "../protocol/replication/append_answer.ts";
import { decodeAppend } from "../protocol/replication/append_frames.ts";
import type { Checksum } from "../protocol/replication/checksum.ts";
import type { FetchAnswer, FetchRequest } from "../protocol/replication/fetch.ts";
import type { HelloAnswer, HelloRequest } from "../protocol/replication/hello.ts";
import type { Refusal } from "../protocol/replication/refusal.ts";
import {
  negotiate,
  PROTOCOL_VERSIONS,
  VERSION_WITH_ISLANDS,
  type VersionRange,
} from "../protocol/replication/version.ts";
import type { PartitionLog } from "../store/partition_log.ts";
import { isDeclaredBy } from "../store/range_set.ts";
import { heldFor } from "../store/received_log.ts";
import type { ReceivedLog } from "../store/received_ranges.ts";
import type { SettledCounts } from "../store/forwarded.ts";
import type { Store } from "../store/store.ts";
import { LaneAppend, type LaneAppendContext } from "./lane_append.ts";
import { LogEnds } from "./log_ends.ts";
import type { PendingCommit } from "./pending_commit.ts";
import { looped, loopedLog } from "./route.ts";
import type { ClonedIdentity } from "./runs.ts";
import { Refetch } from "./refetch.ts";
import { type Session, Sessions } from "./sessions.ts";
import { Turnstile } from "./turnstile.ts";

export interface ReceiverOptions {
  readonly store: Pick<
    Store,
    "core" | "createTopic" | "ranges" | "logs" | "topic" | "nodeId" | "commits" | "ledger"
  >;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** A relay's: how far the root of the chain holds a log. At the root, held is settled. */
  readonly settledOf?: (logId: LogId) => Offset | null;
  /** Of the offsets below that, how many hold no record there. */
  readonly settledCountsOf?: (logId: LogId) => SettledCounts | null;
  /** A relay's: node ids from its upstream to the root of the chain, as far as it knows. */
  readonly route?: () => readonly NodeId[];
  readonly versions?: VersionRange;
  /** How long a request that overtook another waits for it. */
  readonly parkMs?: number;
}

export class Receiver {
  readonly sessions: Sessions;
  readonly ends = new LogEnds();
  readonly #options: ReceiverOptions;
  readonly #turnstile: Turnstile;
  readonly #refetch: Refetch;
  readonly #latest = new Map<number, PendingCommit>();
  readonly #skipping = new Map<LogId, Promise<unknown>>();
  readonly #batches: Record<"appended" | "duplicate", Counter>;
  readonly #bytes: Counter;

  constructor(options: ReceiverOptions) {
    const { clock, random, timers, metrics } = options;
    this.#options = options;
    this.sessions = new Sessions(clock, random, (identity) => this.#cloned(identity));
    metrics.gauge(
      "logboom_replication_cloned_identities",
      "Nodes of which two live processes take turns: a data directory was copied",
      () => this.sessions.runs.cloned().length,
    );
    this.#turnstile = new Turnstile(timers, {
      waitMs: options.parkMs ?? REPLICATION_PARK_MS,
      waitersMax: REPLICATION_PARKED_MAX,
    });
    this.#refetch = new Refetch({
      find: (logId) => options.store.ranges.get(logId),
      partition: (log) => this.#partitionOf(log),
    });
    const counterOf = (outcome: string) =>
      metrics.counter(
        "logboom_replication_received_batches_total",
        "Record batches that other nodes sent, by what became of them",
        { outcome },
      );
    this.#batches = { appended: counterOf("appended"), duplicate: counterOf("duplicate") };
    this.#bytes = metrics.counter(
      "logboom_replication_received_bytes_total",
      "Bytes of record batches appended for other nodes",
    );
  }

  readonly crc32c: Checksum = (bytes) => this.#options.store.core.crc32c(bytes);

  /**
   * @param address where the request came from, as far as that is known
   * @throws {OperatingError} `unsupported_version`, `loop_detected`
   */
  hello(
    hello: HelloRequest,
    credential: string | null,
    address: string | null = null,
  ): HelloAnswer {
    const { nodeId, nodeName, run = null } = hello;
    const { logger, store, versions } = this.#options;
    const protocol = negotiate(hello.versions, versions ?? PROTOCOL_VERSIONS);
    this.#checkRoute(nodeId);
    const opening = { credential, nodeId, nodeName, protocol, run, address };
    const session = this.sessions.open(opening);
    logger.info("peer_connected", {
      peer: session.peer,
      node: nodeName,
      node_id: nodeId,
      protocol,
    });
    return {
      protocol,
      session: session.id,
      nodeId: store.nodeId,
      nodeName: this.#options.nodeName,
      bodyBytesMax: REPLICATION_BODY_BYTES_MAX,
      route: this.#route(),
    };
  }

  /**
   * Makes logs known, and says where the receiver stands in them.
   *
   * @throws {OperatingError} `unknown_session`, `peer_mismatch`, `loop_detected`; what is wrong with
   *         one log is in the answer
   */
  async announce(request: AnnounceRequest, credential: string | null): Promise<AnnounceAnswer> {
    const session = this.sessions.use(request.session, credential);
    this.#checkRoute(session.nodeId);
    const logs: LogStanding[] = [];
    const refused: Refusal[] = [];
    // One after another: a successor goes where its predecessor went.
    for (const log of request.logs) {
      try {
        logs.push(await this.#announce(log, session));
      } catch (error) {
        if (!isOperatingError(error)) throw error;
        refused.push(this.#refusal(log, session, error));
      }
    }
    return { logs, refused, route: this.#route() };
  }

  /** What the session speaks. @throws {OperatingError} `unknown_session` */
  protocolOf(session: string): number {
    return this.sessions.protocolOf(session);
  }

  /**
   * Gives batches back that this peer delivered.
   *
   * @throws {OperatingError} `unknown_session`, `peer_mismatch`, `log_not_announced`, `overloaded`
   */
  async fetch(request: FetchRequest, credential: string | null): Promise<FetchAnswer> {
    const session = this.sessions.use(request.session, credential);
    return await this.#refetch.fetch(request, session.peer);
  }

  /**
   * Resolves once all it could take is durable.
   *
   * @throws {OperatingError} `unknown_session`, `peer_mismatch`, `malformed_body`; what is wrong
   *         with one lane is in the answer
   */
  async append(
    body: Uint8Array,
    sender: { readonly session: string; readonly credential: string | null },
  ): Promise<AppendAnswer> {
    const session = this.sessions.use(sender.session, sender.credential);
    const lanes = decodeAppend(body, this.crc32c);
    const context = this.#contextOf(session);
    const outcomes = await Promise.all(lanes.map((lane) => new LaneAppend(context, lane).run()));
    const known = new Set(outcomes.flatMap(({ logs }) => [...logs]));
    return {
      logs: [...known].map((logId) => this.#standing(logId, session)).filter((one) => one !== null),
      skips: outcomes.flatMap(({ skips }) => skips),
      refused: outcomes.map(({ refusal }) => refusal).filter((one) => one !== null),
    };
  }

  async #announce(log: LogAnnouncement, session: Session): Promise<LogStanding> {
    const { ranges, logs } = this.#options.store;
    const { endOffset: offset, ...identity } = log;
    // Known by its key, too: ids of long ago are forgotten.
    if (logs.get(log.logId) !== undefined || log.pathKey === logs.pathKeyOf(log.logId)) {
      throw loopedLog(log.logId);
    }
    const nodeId = session.authenticated ? session.nodeId : null;
    await ranges.announce({ ...identity, peer: session.peer }, nodeId);
    const standing = this.#standing(log.logId, session);
    if (standing !== null) {
      this.ends.announced(session.peer, { logId: log.logId, offset });
      return standing;
    }
    throw new OperatingError(
      "log_not_announced",
      `Cannot find log ${log.logId} announced just now`,
    );
  }

  /** This node, and those above it. */
  #route(): NodeId[] {
    const { store, route } = this.#options;
    return [store.nodeId, ...route?.() ?? []].slice(0, ROUTE_HOPS_MAX);
  }

  /** What a node sends must not come back to it. */
  #checkRoute(nodeId: NodeId): void {
    const route = this.#route();
    if (route.includes(nodeId)) throw looped(nodeId, route);
  }

  #cloned({ nodeId, runs }: ClonedIdentity): void {
    this.#options.logger.error("cloned_identity", {
      node_id: nodeId,
      nodes: runs.map(({ nodeName, address, peer }) => ({ node: nodeName, address, peer })),
    });
  }

  #standing(logId: LogId, { peer, protocol }: Session): LogStanding | null {
    const log = this.#options.store.ranges.get(logId);
    if (log === undefined || !log.paths.includes(peer)) return null;
    const { held, islands } = heldFor(log, peer);
    const { settledOf, settledCountsOf, store: { ledger } } = this.#options;
    const settled = Math.min(held, settledOf?.(logId) ?? log.contiguous);
    // A run that ends where both are settled, or one that is told by those further up.
    const { settledVoids, settledLost } = settledOf === undefined
      ? {
        settledVoids: log.voids.contiguous,
        settledLost: ledger.countOf(logId, { from: log.firstOffset, to: settled }),
      }
      : settledCountsOf?.(logId) ?? {};
    const standing = { logId, held, settled };
    if (protocol < VERSION_WITH_ISLANDS) return standing;
    const elsewhere = log.elsewhere.filter((range) => isDeclaredBy(range, peer))
      .map(({ from, to }) => ({ from, to }));
    return {
      ...standing,
      ...(settledVoids ? { settledVoids } : {}),
      ...(settledLost ? { settledLost } : {}),
      ...{ islands, elsewhere },
    };
  }

  #refusal(log: LogAnnouncement, { peer }: Session, error: OperatingError): Refusal {
    const { logId } = log;
    const { code, message: detail, retriable } = error;
    this.#options.logger.warn("log_refused", { peer, log_id: logId, code, error: detail });
    return { lane: null, logId, code, detail, retriable, expected: null };
  }

  #contextOf({ peer, protocol }: Session): LaneAppendContext {
    const { store } = this.#options;
    return {
      core: store.core,
      ranges: store.ranges,
      turnstile: this.#turnstile,
      peer,
      protocol,
      partition: (log) => this.#partitionOf(log),
      latest: this.#latest,
      skipping: this.#skipping,
      cycle: () => store.commits.cycle,
      told: (end) => this.ends.told(peer, end),
      counted: (outcome, bytes) => {
        this.#batches[outcome].value++;
        if (outcome === "appended") this.#bytes.value += bytes;
      },
    };
  }

  #partitionOf({ target: { topic, partition } }: ReceivedLog): PartitionLog {
    const { store, logger } = this.#options;
    const log = store.topic(topic)?.partitions[partition];
    if (log !== undefined) return log;
    // It is made again, for there are senders that have more for it; they will send it again.
    store.createTopic(topic).catch((error) => {
      logger.warn("topic_not_created", { topic, error: messageOf(error) });
    });
    throw new OperatingError(
      "topic_deleted",
      `Cannot append to ${topic}/${partition}: the topic was deleted, and is made again`,
      { topic, partition },
    );
  }
}
