/**
 * A link that carries so many bytes a second, one request after another, with a delay on either
 * way: what a cellular modem or a satellite is, on a hand-wound clock.
 */
import { sleep } from "../../src/base/clock.ts";
import { OperatingError } from "../../src/base/errors.ts";
import type { HttpAnswer, HttpCall, HttpClient } from "../../src/base/net.ts";
import type { Serve } from "./flaky_link.ts";
import type { HandClock } from "./hand_clock.ts";

export interface NarrowLinkOptions {
  readonly bytesPerSecond: number;
  /** One way. */
  readonly delayMs: number;
  /** Drawn for each request and for each answer: whether it gets lost. */
  readonly isLost?: () => boolean;
}

/** What the head of a request costs. */
const HEAD_BYTES = 350;

export class NarrowLink {
  serve: Serve | null = null;
  /** Bytes that went up, heads included. */
  bytes = 0;
  bodyBytes = 0;
  requests = 0;
  /** Milliseconds during which it carried something. */
  busyMs = 0;
  readonly #clock: HandClock;
  readonly #options: NarrowLinkOptions;
  #freeMs = 0;

  constructor(clock: HandClock, options: NarrowLinkOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  readonly client = (alive: () => boolean): HttpClient => async (call) => {
    const { serve } = this;
    const body = call.body?.slice();
    const bytes = HEAD_BYTES + (body?.length ?? 0);
    const { bytesPerSecond, delayMs, isLost = () => false } = this.#options;
    if (serve === null) {
      await sleep(this.#clock, delayMs);
      throw unreachable(call);
    }
    this.requests++;
    this.bytes += bytes;
    this.bodyBytes += body?.length ?? 0;
    const nowMs = this.#clock.monotonicMs();
    const carryMs = bytes * 1_000 / bytesPerSecond;
    this.busyMs += carryMs;
    this.#freeMs = Math.max(this.#freeMs, nowMs) + carryMs;
    await sleep(this.#clock, this.#freeMs - nowMs + delayMs);
    if (this.serve !== serve || !alive() || isLost()) throw unreachable(call);
    const answer = await this.#inTime(answerOf(serve, call, body), call);
    await sleep(this.#clock, delayMs);
    if (this.serve !== serve || !alive() || isLost()) throw unreachable(call);
    return answer;
  };

  /** A server that died in the middle never answers. */
  #inTime(answer: Promise<HttpAnswer>, call: HttpCall): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(call.timeoutMs, () => reject(unreachable(call)));
      answer.then(resolve, reject).finally(cancel);
    });
  }
}

async function answerOf(
  serve: Serve,
  call: HttpCall,
  body: Uint8Array<ArrayBuffer> | undefined,
): Promise<HttpAnswer> {
  const response = await serve(
    new Request(call.url, {
      method: call.method,
      headers: { ...call.headers, "content-length": String(body?.length ?? 0) },
      ...(body === undefined ? {} : { body }),
    }),
  );
  const bytes = new Uint8Array(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, body: bytes };
}

function unreachable({ url }: HttpCall): OperatingError {
  return new OperatingError("upstream_unreachable", `Cannot reach ${url}: the link is cut`);
}
