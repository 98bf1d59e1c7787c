/**
 * One request over the wire and back: through the budget, compressed where that pays, in pieces
 * where it must be, and counted as it really was.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { isOperatingError } from "../base/errors.ts";
import type { Counter, Metrics } from "../base/metrics.ts";
import type { HttpAnswer, HttpClient } from "../base/net.ts";
import type { LinkBudget, WireBytes } from "./budget/link_budget.ts";
import type { LinkClass } from "./budget/link_class.ts";
import type { Passage } from "./budget/passage.ts";
import { answerBytes, PLAIN_HEADERS, requestHeadBytes } from "./budget/wire_bytes.ts";
import { type Compress, ZstdWrap } from "./budget/zstd_wrap.ts";
import { LinkTroubleError } from "./link_trouble.ts";

export interface LinkWireOptions {
  readonly http: HttpClient;
  readonly budget: LinkBudget;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly compress: Compress | null;
}

export interface WireCall {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly linkClass: LinkClass;
  /** Whether the other side takes a body in one zstd frame. */
  readonly mayWrap: boolean;
  /** Bytes the answer may have, where that is more than answers mostly do. */
  readonly answerBytes?: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** What an answer is thought to take before the first was seen. */
const ANSWER_BYTES_FIRST = 1_024;
/** Answers are thought to be up to so much larger than the largest lately. */
const ANSWER_GROWTH = 1.5;
const ANSWER_MEMORY = 0.9;

export class LinkWire {
  readonly #options: LinkWireOptions;
  readonly #wrap: ZstdWrap | null;
  readonly #counters: Readonly<Record<keyof WireBytes, Counter>>;
  #answerBytes = ANSWER_BYTES_FIRST;

  constructor(options: LinkWireOptions) {
    const { clock, compress, metrics } = options;
    this.#options = options;
    this.#wrap = compress === null ? null : new ZstdWrap(clock, compress);
    const counter = (name: string, help: string) =>
      metrics.counter(`logboom_link_${name}_bytes_total`, help);
    this.#counters = {
      sent: counter("sent", "Bytes sent to the upstream as they went, heads and retries included"),
      received: counter("received", "Bytes received from the upstream, heads included"),
      bodies: counter("body", "Bytes of requests to the upstream, before they are packed whole"),
      saved: counter("zstd_saved", "Bytes saved by packing whole requests"),
    };
  }

  /** @throws {LinkTroubleError} */
  async post(call: WireCall): Promise<HttpAnswer> {
    const { body: plain } = call;
    const wrapped = call.mayWrap ? await this.#wrapped(plain) : null;
    const body = wrapped ?? plain;
    const headers = {
      ...PLAIN_HEADERS,
      ...call.headers,
      ...(wrapped === null ? undefined : { "content-encoding": "zstd" }),
    };
    const passage = await this.#begin({ ...call, headers, body }, plain.length);
    return await this.#exchange({ ...call, headers, body }, passage);
  }

  async #exchange(call: WireCall, passage: Passage): Promise<HttpAnswer> {
    const { http, clock } = this.#options;
    const { url, headers, body, timeoutMs, signal } = call;
    const startMs = clock.monotonicMs() - passage.waitedMs;
    try {
      const pace = passage.paced ? { pace: passage.pace } : undefined;
      const answer = await http({ method: "POST", url, headers, body, timeoutMs, signal, ...pace });
      this.#over(passage, answerBytes(answer), call.answerBytes === undefined);
      const tookMs = clock.monotonicMs() - startMs - passage.waitedMs;
      if (!passage.paced) this.#wrap?.delivered(body.length, tookMs);
      return answer;
    } catch (error) {
      // What was cut off may have gone: it counts.
      if (isOperatingError(error) && error.detail["sent"] === false) passage.unsent();
      else this.#over(passage, 0);
      if (!isOperatingError(error)) throw error;
      const late = clock.monotonicMs() - startMs - passage.waitedMs >= timeoutMs;
      throw new LinkTroubleError(late ? "timeout" : "unreachable", error.code, error.message);
    }
  }

  async #begin(
    { url, headers, body, linkClass, answerBytes = 0 }: WireCall,
    plainBytes: number,
  ): Promise<Passage> {
    const { budget } = this.#options;
    const size = { url, headers, bodyBytes: body.length };
    const plainHead = requestHeadBytes({ ...size, paced: false });
    const paced = budget.paces(plainHead + body.length);
    try {
      return await budget.begin(linkClass, {
        headBytes: paced ? requestHeadBytes({ ...size, paced }) : plainHead,
        bodyBytes: body.length,
        plainBytes,
        dispensable: answerBytes > 0,
        answerBytes: Math.max(answerBytes, Math.ceil(this.#answerBytes * ANSWER_GROWTH)),
      });
    } catch (error) {
      if (!isOperatingError(error)) throw error;
      const kind = error.code === "quota_exceeded" ? "budget" : "busy";
      throw new LinkTroubleError(kind, error.code, error.message);
    }
  }

  #over(passage: Passage, receivedBytes: number, usual = true): void {
    passage.end(receivedBytes);
    this.#count();
    if (receivedBytes === 0 || !usual) return;
    this.#answerBytes = Math.max(receivedBytes, this.#answerBytes * ANSWER_MEMORY);
  }

  #count(): void {
    const { wire } = this.#options.budget;
    this.#counters.sent.value = wire.sent;
    this.#counters.received.value = wire.received;
    this.#counters.bodies.value = wire.bodies;
    this.#counters.saved.value = wire.saved;
  }

  #wrapped(body: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer> | null> | null {
    const { budget } = this.#options;
    return this.#wrap?.wrap(body, budget.wrapNeeds) ?? null;
  }
}
