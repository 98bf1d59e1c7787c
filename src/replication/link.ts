/**
 * One upstream: speaks the protocol over HTTP, sorts what can go wrong into a few kinds, and
 * measures. It decides nothing: when to try again, and what to send, is the forwarder's.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { isOperatingError, OperatingError } from "../base/errors.ts";
import { BATCH_BYTES_MAX } from "../base/limits.ts";
import { REPLICATION_REQUEST_TIMEOUT_MS } from "../base/link_limits.ts";
import type { Histogram, Metrics } from "../base/metrics.ts";
import type { HttpAnswer, HttpClient } from "../base/net.ts";
import type { NodeId } from "../base/types.ts";
import {
  ANNOUNCE_PATH,
  type AnnounceAnswer,
  decodeAnnounceAnswer,
  encodeAnnounceRequest,
  type LogAnnouncement,
} from "../protocol/replication/announce.ts";
import { type AppendAnswer, decodeAppendAnswer } from "../protocol/replication/append_answer.ts";
import {
  APPEND_MEDIA_TYPE,
  APPEND_PATH,
  PROTOCOL_HEADER,
  SESSION_HEADER,
} from "../protocol/replication/append_frames.ts";
import {
  checkBody,
  type Checksum,
  CHECKSUM_HEADER,
  checksumOf,
} from "../protocol/replication/checksum.ts";
import {
  decodeFetchAnswer,
  encodeFetchRequest,
  FETCH_PATH,
  type FetchAnswer,
  type FetchRequest,
} from "../protocol/replication/fetch.ts";
import {
  decodeHelloAnswer,
  encodeHelloRequest,
  HELLO_PATH,
  type HelloAnswer,
} from "../protocol/replication/hello.ts";
import {
  PROTOCOL_VERSIONS,
  VERSION_WITH_ISLANDS,
  type VersionRange,
} from "../protocol/replication/version.ts";
import type { LinkBudget } from "./budget/link_budget.ts";
import { CONTROL, type LinkClass } from "./budget/link_class.ts";
import type { Compress } from "./budget/zstd_wrap.ts";
import { type LinkTrouble, LinkTroubleError, troubleOf } from "./link_trouble.ts";
import { LinkWire } from "./link_wire.ts";

export interface LinkOptions {
  readonly http: HttpClient;
  readonly upstreamUrl: string;
  readonly token: string | null;
  readonly nodeId: NodeId;
  readonly nodeName: string;
  /** Of this process, 16 hex; left out where another node's data is brought. */
  readonly run?: string;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly crc32c: Checksum;
  readonly budget: LinkBudget;
  /** zstd; without it requests are never compressed as a whole. */
  readonly compress?: Compress;
  readonly versions?: VersionRange;
}

/** Repairs wait for everything else. */
const REPAIR: LinkClass = { kind: "backlog", priority: 1 };

const ROUND_TRIP_BUCKETS_S = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60] as const;

export class Link {
  /** Set by hello; requests of an earlier session are recognised by it. */
  session: HelloAnswer | null = null;
  /** Node ids from the upstream to the root of the chain, as it said last. */
  route: readonly NodeId[] = [];
  /** How long the next request may take. The forwarder stretches it on a slow link. */
  timeoutMs = REPLICATION_REQUEST_TIMEOUT_MS;
  readonly #options: LinkOptions;
  readonly #base: string;
  readonly #wire: LinkWire;
  readonly #roundTrip: Histogram;
  readonly #abort = new AbortController();

  constructor(options: LinkOptions) {
    const { metrics } = options;
    this.#options = options;
    this.#base = options.upstreamUrl.replace(/\/+$/, "");
    this.#wire = new LinkWire({ ...options, compress: options.compress ?? null });
    this.#roundTrip = metrics.histogram(
      "logboom_replication_request_duration_seconds",
      "Time from sending an append request to its answer",
      ROUND_TRIP_BUCKETS_S,
    );
  }

  /** Opens a session. @throws {LinkTroubleError} */
  async hello(): Promise<HelloAnswer> {
    const { nodeId, nodeName, run } = this.#options;
    this.session = null;
    const versions = this.#options.versions ?? PROTOCOL_VERSIONS;
    const body = encodeHelloRequest({ versions, nodeId, nodeName, ...(run && { run }) });
    const answer = await this.#post(HELLO_PATH, "application/json", body);
    const hello = this.#read(answer, decodeHelloAnswer);
    if (hello.protocol < versions.min || hello.protocol > versions.max) {
      throw this.#trouble("incompatible", "unsupported_version", `chose version ${hello.protocol}`);
    }
    this.session = hello;
    this.route = hello.route ?? [hello.nodeId];
    return hello;
  }

  /** @throws {LinkTroubleError} */
  async announce(logs: readonly LogAnnouncement[]): Promise<AnnounceAnswer> {
    const body = encodeAnnounceRequest({ session: this.#sessionId(), logs });
    const posted = await this.#post(ANNOUNCE_PATH, "application/json", body);
    const answer = this.#read(posted, decodeAnnounceAnswer);
    this.route = answer.route ?? this.route;
    const looped = answer.refused.find(({ code }) => code === "loop_detected");
    if (looped !== undefined) throw this.#looped(looped.detail);
    return answer;
  }

  /** @throws {LinkTroubleError} */
  async append(body: Uint8Array<ArrayBuffer>, linkClass: LinkClass): Promise<AppendAnswer> {
    const startMs = this.#options.clock.monotonicMs();
    const answer = await this.#post(APPEND_PATH, APPEND_MEDIA_TYPE, body, linkClass);
    this.#roundTrip.observe((this.#options.clock.monotonicMs() - startMs) / 1_000);
    return this.#read(answer, decodeAppendAnswer);
  }

  /** Asks for batches back. @throws {LinkTroubleError} */
  async fetch(request: Omit<FetchRequest, "session">): Promise<FetchAnswer> {
    const body = encodeFetchRequest({ ...request, session: this.#sessionId() });
    if ((this.session?.protocol ?? 0) < VERSION_WITH_ISLANDS) {
      const state = "it is too old to give records back";
      throw this.#trouble("incompatible", "unsupported_version", state);
    }
    const posted = await this.#post(FETCH_PATH, "application/json", body, {
      ...REPAIR,
      answerBytes: request.maxBytes + BATCH_BYTES_MAX,
    });
    return this.#read(posted, decodeFetchAnswer);
  }

  /** Cuts off what is under way; no request succeeds afterwards. */
  close(): void {
    this.#abort.abort();
  }

  async #post(
    path: string,
    type: string,
    body: Uint8Array<ArrayBuffer>,
    { answerBytes, ...linkClass }: LinkClass & { readonly answerBytes?: number } = CONTROL,
  ): Promise<HttpAnswer> {
    const { token, crc32c } = this.#options;
    const { session, timeoutMs } = this;
    return await this.#wire.post({
      url: `${this.#base}${path}`,
      headers: {
        "content-type": type,
        // Frames carry their own.
        ...(path === APPEND_PATH ? undefined : { [CHECKSUM_HEADER]: checksumOf(body, crc32c) }),
        ...(token === null ? undefined : { authorization: `Bearer ${token}` }),
        ...(session === null ? undefined : {
          [SESSION_HEADER]: session.session,
          [PROTOCOL_HEADER]: String(session.protocol),
        }),
      },
      body,
      linkClass,
      ...(answerBytes === undefined ? {} : { answerBytes }),
      mayWrap: path === APPEND_PATH && (session?.protocol ?? 0) >= VERSION_WITH_ISLANDS,
      timeoutMs,
      signal: this.#abort.signal,
    });
  }

  /** An answer in the protocol's words, whatever its status, or the trouble it tells of. */
  #read<Answer>(answer: HttpAnswer, decode: (body: Uint8Array) => Answer): Answer {
    const isNode = answer.headers.has(CHECKSUM_HEADER);
    try {
      if (isNode) checkBody(answer.body, answer.headers, this.#options.crc32c);
      const trouble = troubleOf(answer, this.#options.upstreamUrl);
      if (trouble !== null) {
        if (trouble.kind === "loop") this.route = [];
        throw trouble;
      }
      // A page of a portal in between has no checksum.
      checkBody(answer.body, answer.headers, this.#options.crc32c);
    } catch (error) {
      if (!isOperatingError(error) || error instanceof LinkTroubleError) throw error;
      throw this.#trouble(isNode ? "unreachable" : "incompatible", error.code, error.message);
    }
    try {
      return decode(answer.body);
    } catch (error) {
      if (!isOperatingError(error)) throw error;
      throw this.#trouble("incompatible", error.code, error.message);
    }
  }

  /** Nobody below is refused for a loop that does not go on here. */
  #looped(state: string): LinkTroubleError {
    this.route = [];
    return this.#trouble("loop", "loop_detected", state);
  }

  #sessionId(): string {
    if (this.session === null) {
      throw this.#trouble("session_lost", "unknown_session", "no session is open");
    }
    return this.session.session;
  }

  #trouble(kind: LinkTrouble, code: OperatingError["code"], state: string): LinkTroubleError {
    const message = `Cannot replicate to ${this.#options.upstreamUrl}: ${state}`;
    return new LinkTroubleError(kind, code, message);
  }
}
