/**
 * Store and forward: every partition of this node, on its way upstream, for as long as it takes.
 * One loop decides what is next (say hello, announce, send, wait); answers come in beside it.
 *
 * Lanes share the link in turn: a lane that was served goes to the end of the queue, and one
 * request carries many small lanes. Nothing polls: a commit wakes the loop.
 *
 * @module
 */
import { sleep } from "../base/clock.ts";
import { isOperatingError, type OperatingError } from "../base/errors.ts";
import { REPLICATION_ANNOUNCE_LOGS_MAX } from "../base/link_limits.ts";
import type { LogId, NodeId } from "../base/types.ts";
import type { LogStanding } from "../protocol/replication/announce.ts";
import type { AppendAnswer } from "../protocol/replication/append_answer.ts";
import type { Checksum } from "../protocol/replication/checksum.ts";
import type { HelloAnswer } from "../protocol/replication/hello.ts";
import { VERSION_WITH_ISLANDS } from "../protocol/replication/version.ts";
import { LinkBudget } from "./budget/link_budget.ts";
import { ForwarderMetrics } from "./forwarder_metrics.ts";
import {
  FORWARDER_DEFAULTS,
  type ForwarderOptions,
  type ForwarderSettings,
  type ForwarderStatus,
} from "./forwarder_options.ts";
import { buildRequest, type LaneRequest, type RequestOptions } from "./lane_request.ts";
import { LaneTable } from "./lane_table.ts";
import type { Lane } from "./lane.ts";
import { Link } from "./link.ts";
import type { LinkFacts } from "./live_first.ts";
import { LinkHealth } from "./link_health.ts";
import { LinkTroubleError } from "./link_trouble.ts";
import { catchUpSeconds, Pace } from "./pace.ts";
import { StoreBooks } from "./store_books.ts";
import { RequestBuffers } from "./request_buffers.ts";
import { SendGate } from "./send_gate.ts";
import { Settlement } from "./settlement.ts";

export class Forwarder {
  readonly #options: ForwarderOptions;
  readonly #settings: ForwarderSettings;
  readonly #crc32c: Checksum;
  readonly #link: Link;
  readonly #books: StoreBooks;
  readonly #pace: Pace;
  readonly #budget: LinkBudget;
  readonly #gate: SendGate;
  readonly #health: LinkHealth;
  readonly #metrics: ForwarderMetrics;
  readonly #buffers = new RequestBuffers();
  readonly #lanes: LaneTable;
  readonly #settlement: Settlement<Lane>;
  readonly #underWay = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  #running: Promise<void> | null = null;
  #wake: (() => void) | null = null;
  #woken = false;
  #heardMs = 0;
  #liveDelayMs: number | null = null;

  constructor(options: ForwarderOptions) {
    this.#options = options;
    this.#settings = { ...FORWARDER_DEFAULTS, ...options.settings };
    const { core, nodeId } = options.store;
    this.#crc32c = (bytes) => core.crc32c(bytes);
    const { clock, timers } = options;
    const budget = this.#budget = options.budget ?? new LinkBudget({ clock, timers });
    const linkOptions = { ...options, budget, nodeId, crc32c: this.#crc32c };
    this.#link = new Link(linkOptions);
    this.#books = new StoreBooks(options.store, options.nodeName);
    const pace = this.#pace = new Pace(this.#settings.pace);
    this.#gate = new SendGate({ pace, budget: this.#budget, lingerMs: this.#settings.lingerMs });
    this.#health = new LinkHealth({
      ...options,
      upstream: options.upstreamUrl,
      backoff: this.#settings.backoff,
    });
    this.#lanes = new LaneTable({
      ...options,
      books: this.#books,
      settings: this.#settings,
      link: () => this.#linkFacts(),
      roused: () => this.#rouse(),
    });
    this.#settlement = new Settlement(options.clock);
    this.#metrics = new ForwarderMetrics(options.metrics, () => this.status());
  }

  start(): void {
    const { store } = this.#options;
    this.#lanes.takeUp();
    const unobserve = [
      store.commits.observe((log) => this.#lanes.advanced(log)),
      this.#budget.observe(() => this.#rouse()),
    ];
    this.#running = this.#run().finally(() => unobserve.forEach((end) => end()));
  }

  /** Ends what is under way; what was not acknowledged is sent again by the next run. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#link.close();
    this.#rouse();
    await this.#running;
    await Promise.all(this.#underWay);
    this.#running = null;
  }

  /** Node ids from the upstream to the root of the chain, as far as is known. */
  get route(): readonly NodeId[] {
    return this.#link.route;
  }

  /** Asks for batches back. @throws {LinkTroubleError} also where no session is open */
  readonly fetch: Link["fetch"] = (request) => this.#link.fetch(request);

  status(): ForwarderStatus {
    const { backlogBytes, backlogRecords, lagRecords, lanesSplit } = this.#lanes.amounts();
    const { bytesPerSecond } = this.#pace;
    const { bytesPerSecond: cap } = this.#budget.settings;
    return {
      state: this.#state(),
      upstream: this.#options.upstreamUrl,
      upstreamNode: this.#link.session?.nodeName ?? null,
      error: this.#health.trouble?.message ?? null,
      errorCode: this.#health.trouble?.code ?? null,
      failures: this.#health.failures,
      lagRecords,
      lanes: this.#lanes.size,
      lanesWaiting: this.#lanes.waiting.size,
      lanesSplit,
      requestsInFlight: this.#underWay.size,
      backlogRecords,
      backlogBytes,
      bytesPerSecond,
      catchUpSeconds: catchUpSeconds(backlogBytes, bytesPerSecond, cap),
      liveDelayMs: this.#liveDelayMs,
      refused: [...this.#lanes.waiting.reasons()],
    };
  }

  // ── the loop ─────────────────────────────────────────────────────────────────────────────────

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#step();
      } catch (error) {
        if (!(error instanceof LinkTroubleError)) throw error;
        this.#failed(error);
      }
    }
  }

  async #step(): Promise<void> {
    const { waitMs } = this.#health;
    if (waitMs > 0) return await this.#pause(waitMs);
    const blocked = this.#budget.blocked();
    // No probe, no lane is due while nothing may go: they would be due again and again.
    if (blocked !== null) return await this.#rest(blocked.waitMs);
    this.#link.timeoutMs = this.#pace.timeoutMs;
    if (this.#link.session === null) return await this.#connect();
    this.#lanes.wakeDue();
    if (this.#lanes.hasStale) return await this.#announce(this.#link.session);
    // With nothing to send nobody would learn that the link is back, or the centre another.
    const due = this.#health.trouble !== null || this.#probeInMs() <= 0;
    if (due && this.#lanes.turns.size === 0) return await this.#probe();
    const passing = this.#gate.next(this.#lanes.turns, this.#options.clock.monotonicMs());
    if ("waitMs" in passing) return await this.#idle(passing.waitMs);
    await this.#sendNext(this.#link.session, passing);
  }

  async #connect(): Promise<void> {
    const session = await this.#link.hello();
    const { upstreamUrl: upstream, logger } = this.#options;
    const { nodeName, nodeId, protocol } = session;
    logger.info("upstream_connected", { upstream, node: nodeName, node_id: nodeId, protocol });
    this.#health.greeted();
    this.#heardMs = this.#options.clock.monotonicMs();
    if (this.#options.store.forwarded.upstream === nodeId) return this.#lanes.forgetSession();
    this.#changeUpstream(nodeId);
  }

  /** What another node acknowledged says nothing of what this one holds. */
  #changeUpstream(nodeId: NodeId): void {
    const { store, logger } = this.#options;
    const { upstream: earlier } = store.forwarded;
    if (earlier !== "") logger.warn("upstream_changed", { node_id: nodeId, earlier });
    store.forwarded.use(nodeId);
    this.#pace.reset();
    this.#lanes.renew();
  }

  /** Shows that the link is there, and asks what the root has by now of what the upstream holds. */
  async #probe(): Promise<void> {
    const questions = this.#settlement.questions();
    const logs = questions.map(({ announcement }) => announcement);
    const answer = await this.#timed(() => this.#link.announce(logs));
    for (const lane of this.#settlement.answered(questions, answer.logs)) {
      this.#books.noteForwarded(lane, lane.cursors());
    }
    this.#lanes.ask();
    this.#heard();
  }

  /** Small requests tell how long the way is, while nothing else is on it. */
  async #timed<Answer>(request: () => Promise<Answer>): Promise<Answer> {
    const { clock } = this.#options;
    const [startMs, idle] = [clock.monotonicMs(), this.#underWay.size === 0];
    const answer = await request();
    const nowMs = clock.monotonicMs();
    if (idle) this.#pace.seen(nowMs - startMs, nowMs);
    return answer;
  }

  #heard(): void {
    this.#heardMs = this.#options.clock.monotonicMs();
    this.#health.succeeded();
  }

  #probeInMs(): number {
    if (this.#underWay.size > 0) return Infinity;
    const dueMs = Math.min(this.#heardMs + this.#settings.probeMs, this.#settlement.dueMs);
    return dueMs - this.#options.clock.monotonicMs();
  }

  /** Tells the receiver of logs, and hears where it stands in them: lanes go on from there. */
  async #announce(session: HelloAnswer): Promise<void> {
    const { lanes, logs } = this.#lanes.takeStale();
    const standings = new Map<LogId, LogStanding>();
    try {
      for (let at = 0; at < logs.length; at += REPLICATION_ANNOUNCE_LOGS_MAX) {
        const some = logs.slice(at, at + REPLICATION_ANNOUNCE_LOGS_MAX);
        const answer = await this.#timed(() => this.#link.announce(some));
        for (const standing of answer.logs) standings.set(standing.logId, standing);
        for (const refusal of answer.refused) this.#lanes.tell(refusal);
      }
    } catch (error) {
      this.#lanes.putStale(lanes);
      throw error;
    }
    // Lost meanwhile: what was heard is not worth anything to the next session.
    if (this.#link.session !== session) return;
    if (logs.length > 0) this.#heard();
    for (const lane of lanes) this.#resume(lane, standings);
  }

  #resume(lane: Lane, standings: ReadonlyMap<LogId, LogStanding>): void {
    if (!lane.stale) return this.#lanes.queue(lane);
    lane.resume(standings);
    this.#books.noteForwarded(lane, lane.cursors());
    this.#settlement.noted(lane);
    if (lane.stale) this.#lanes.waiting.add(lane, this.#settings.refusedRetryMs);
    else this.#lanes.queue(lane);
  }

  async #sendNext(
    session: HelloAnswer,
    passing: Pick<RequestOptions, "linkClass" | "bytesMax" | "sharedBytesMax">,
  ): Promise<void> {
    const request = await buildRequest(this.#lanes.turns, {
      ...passing,
      crc32c: this.#crc32c,
      buffers: this.#buffers,
      books: this.#books,
      failed: (lane, error) => this.#lanes.cannotRead(lane, error),
    });
    for (const lane of request.served) this.#lanes.queue(lane);
    if (request.parts.length === 0) return this.#buffers.give(request.body);
    this.#gate.sent(request, this.#lanes.turns, this.#options.clock.monotonicMs());
    const sent = this.#send(request, session).finally(() => {
      this.#underWay.delete(sent);
      this.#rouse();
    });
    this.#underWay.add(sent);
  }

  async #send(request: LaneRequest, session: HelloAnswer): Promise<void> {
    const { clock } = this.#options;
    const { linkClass, body } = request;
    const sent = this.#pace.sent(body.length, linkClass.kind !== "backlog", clock.monotonicMs());
    this.#metrics.sent(linkClass, body.length);
    try {
      const answer = await this.#link.append(body, linkClass);
      // Not when it fails: nobody knows who still reads it.
      this.#buffers.give(body);
      if (this.#link.session !== session) return this.#fail(request);
      this.#pace.answered(sent, clock.monotonicMs());
      this.#heard();
      await this.#take(request, answer);
    } catch (error) {
      if (!isOperatingError(error)) throw error;
      const isOfLink = error instanceof LinkTroubleError;
      this.#fail(request, isOfLink ? null : error);
      // What an earlier session met says nothing about this one.
      if (isOfLink && this.#link.session === session) this.#failed(error);
    } finally {
      this.#pace.failed(sent);
    }
  }

  /** Puts an answer to use, lane by lane. */
  async #take(request: LaneRequest, answer: AppendAnswer): Promise<void> {
    const standings = new Map(answer.logs.map((standing) => [standing.logId, standing]));
    const refusals = new Map(answer.refused.map((refusal) => [refusal.lane, refusal]));
    for (const { lane, load } of request.parts) {
      const answers = answer.skips.filter((skip) => load.asks(skip));
      if (answers.length > 0) await this.#books.resolve(lane.log, answers);
    }
    for (const part of request.parts.splice(0)) {
      const { lane, load } = part;
      lane.answered(load, standings);
      this.#books.noteForwarded(lane, load.cursors());
      this.#settlement.noted(lane);
      if (load.newestMs !== null && load.taken) this.#noteLiveDelay(load.newestMs);
      const refusal = refusals.get(lane.name);
      if (refusal !== undefined) await this.#lanes.refused(part, refusal);
      else if (!load.taken || !load.isAnsweredBy(answer.skips)) this.#lanes.setBack(lane);
      else this.#lanes.waiting.clear(lane);
      lane.ask();
      this.#lanes.queue(lane);
    }
  }

  // ── troubles ─────────────────────────────────────────────────────────────────────────────────

  /** @param trouble this node's own, as a rule its ledger's: at once it would be met again */
  #fail(request: LaneRequest, trouble: OperatingError | null = null): void {
    for (const { lane, load } of request.parts.splice(0)) {
      lane.failed(load);
      if (trouble === null) this.#lanes.queue(lane);
      else this.#lanes.cannotRead(lane, trouble);
    }
  }

  #failed(error: LinkTroubleError): void {
    // A quota is no trouble of the link: the budget says when there is room again.
    if (this.#stopping.signal.aborted || error.kind === "budget") return;
    const counted = this.#health.failed(error);
    if (counted && error.kind === "timeout") this.#pace.timedOut();
    if (counted && error.kind === "too_large") this.#pace.tooLarge();
    // What helps may be another node behind the same address, so it is asked from the start.
    if (this.#health.hopeless || error.kind === "session_lost") this.#link.session = null;
  }

  // ── waiting ───────────────────────────────────────────────────────────────────────

  #rouse(): void {
    this.#woken = true;
    this.#wake?.();
  }

  /** Until something happens, the time is over, or a lane that waits or a probe is due. */
  #idle(waitMs = Infinity): Promise<void> {
    const laneMs = this.#lanes.waiting.nextDueMs() ?? Infinity;
    // A lane whose turn it is goes before a probe, which would be due again and again meanwhile.
    const probeMs = this.#lanes.turns.size > 0 ? Infinity : this.#probeInMs();
    return this.#rest(Math.min(waitMs, laneMs, probeMs));
  }

  async #rest(dueMs: number): Promise<void> {
    if (!this.#woken) {
      const waking = new Promise<void>((resolve) => this.#wake = resolve);
      let cancel = () => {};
      if (dueMs < Infinity) cancel = this.#options.timers.after(dueMs, () => this.#rouse());
      await waking;
      cancel();
    }
    this.#wake = null;
    this.#woken = false;
  }

  #pause(delayMs: number): Promise<void> {
    return sleep(this.#options.timers, delayMs, this.#stopping.signal);
  }

  // ── telling ──────────────────────────────────────────────────────────────────────────────────

  #state(): ForwarderStatus["state"] {
    if (this.#running === null) return "stopped";
    if (this.#health.hopeless) return "refused";
    if (this.#health.trouble !== null) return "backing_off";
    return this.#link.session === null ? "connecting" : "connected";
  }

  #linkFacts(): LinkFacts {
    return {
      nowMs: this.#options.clock.monotonicMs(),
      bytesPerSecond: this.#pace.bytesPerSecond,
      islands: (this.#link.session?.protocol ?? 0) >= VERSION_WITH_ISLANDS,
    };
  }

  #noteLiveDelay(newestMs: number): void {
    this.#liveDelayMs = this.#options.clock.monotonicMs() - newestMs;
    this.#metrics.liveDelay(this.#liveDelayMs);
  }
}
