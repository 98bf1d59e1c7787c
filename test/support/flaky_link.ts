/**
 * A link that behaves as badly as links may, between an HTTP client and an app in memory: requests
 * and answers are lost, delayed past each other, delivered twice, cut off, or damaged on the way.
 * What is drawn comes from a seed; time is the hand-wound clock's.
 */
import type { Timers } from "../../src/base/clock.ts";
import { sleep } from "../../src/base/clock.ts";
import { OperatingError } from "../../src/base/errors.ts";
import type { HttpAnswer, HttpCall, HttpClient } from "../../src/base/net.ts";

export type Serve = (request: Request) => Response | Promise<Response>;

/** Probabilities, each drawn per request; delays in milliseconds, at most. */
export interface LinkFaults {
  readonly loseRequest: number;
  readonly loseAnswer: number;
  readonly repeat: number;
  readonly damage: number;
  readonly delayMs: number;
}

export const NO_FAULTS: LinkFaults = {
  loseRequest: 0,
  loseAnswer: 0,
  repeat: 0,
  damage: 0,
  delayMs: 0,
};

export class FlakyLink {
  faults: LinkFaults = NO_FAULTS;
  /** Null while nobody is there. A server that crashed must be replaced: its answers are lost. */
  serve: Serve | null = null;
  requests = 0;
  bytes = 0;
  readonly #dice: () => number;
  readonly #timers: Timers;

  constructor(timers: Timers, dice: () => number) {
    this.#timers = timers;
    this.#dice = dice;
  }

  /** A client of one process: once `alive` says no, nothing of it reaches the other side. */
  client(alive: () => boolean = () => true): HttpClient {
    return async (call) => {
      this.requests++;
      this.bytes += call.body?.length ?? 0;
      const { faults } = this;
      if (this.#happens(faults.repeat)) void this.#deliver(call, alive).catch(() => {});
      if (this.#happens(faults.loseRequest)) return await this.#silence(call);
      const answer = await this.#inTime(call, this.#deliver(call, alive));
      if (answer === null || this.#happens(faults.loseAnswer)) return await this.#silence(call);
      await this.#delay(call.signal);
      return answer;
    };
  }

  async #deliver(call: HttpCall, alive: () => boolean): Promise<HttpAnswer | null> {
    // Before the first wait, as a process hands its bytes to the kernel.
    const body = call.body?.slice();
    if (body !== undefined) this.#damage(body);
    await this.#delay();
    const { serve } = this;
    if (serve === null || !alive() || call.signal?.aborted) return null;
    const request = new Request(call.url, {
      method: call.method,
      headers: { ...call.headers, "content-length": String(body?.length ?? 0) },
      ...(body === undefined ? {} : { body }),
    });
    const response = await serve(request);
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (this.serve !== serve) return null;
    this.#damage(bytes);
    return { status: response.status, headers: response.headers, body: bytes };
  }

  #damage(bytes: Uint8Array): void {
    if (bytes.length === 0 || !this.#happens(this.faults.damage)) return;
    bytes[Math.floor(this.#dice() * bytes.length)]! ^= 1 << Math.floor(this.#dice() * 8);
  }

  /** A server that died in the middle never answers. */
  #inTime(call: HttpCall, answer: Promise<HttpAnswer | null>): Promise<HttpAnswer | null> {
    return new Promise((resolve, reject) => {
      const cancel = this.#timers.after(call.timeoutMs, () => resolve(null));
      call.signal?.addEventListener("abort", () => resolve(null), { once: true });
      answer.then(resolve, reject).finally(cancel);
    });
  }

  /** No answer: sometimes told at once, sometimes only by the clock. */
  async #silence(call: HttpCall): Promise<never> {
    if (this.#dice() < 0.5) await sleep(this.#timers, call.timeoutMs, call.signal);
    throw new OperatingError("upstream_unreachable", `Cannot reach ${call.url}: the link is cut`);
  }

  #happens(probability: number): boolean {
    return probability > 0 && this.#dice() < probability;
  }

  #delay(signal?: AbortSignal): Promise<void> {
    const delayMs = Math.floor(this.#dice() * this.faults.delayMs);
    return delayMs === 0 ? Promise.resolve() : sleep(this.#timers, delayMs, signal);
  }
}
