/**
 * The network of a fleet: one link from each node to its upstream, with a rate, a latency, and
 * troubles. Requests and answers take their turn on it, are lost, late, doubled, damaged, held up
 * for an hour and delivered after all; and a server that dies in the middle never answers.
 */
import { OperatingError } from "../../../src/base/errors.ts";
import type { HttpAnswer, HttpCall, HttpClient } from "../../../src/base/net.ts";
import { type LinkFaults, NO_FAULTS } from "../../support/flaky_link.ts";
import type { VirtualTime } from "./virtual_time.ts";

/** Who calls: once it is dead, it hears of nothing. */
export interface Caller {
  readonly alive: boolean;
  wallMs(): number;
  after(delayMs: number, task: () => void): () => void;
}

/** Answers requests; null while nobody listens. The promise of one who died never resolves. */
export interface Host {
  serve(request: Request): Promise<Response> | null;
}

/** What goes over the wire besides the body, about. */
const HEAD_BYTES = 300;
const DAY_MS = 24 * 3_600_000;

export class SimulatedLink {
  faults: LinkFaults = NO_FAULTS;
  up = true;
  /** What is sent before then arrives then, if at all. */
  stalledUntilMs = 0;
  bytesPerMs = Infinity;
  latencyMs = 5;
  requests = 0;
  /** Bytes of bodies both ways, by the day of the sender's wall clock; no heads. */
  readonly bytesOfDay = new Map<number, number>();
  counting = true;
  readonly #time: VirtualTime;
  readonly #dice: () => number;
  readonly #freeAtMs = { up: 0, down: 0 };

  constructor(time: VirtualTime, dice: () => number) {
    this.#time = time;
    this.#dice = dice;
  }

  client(caller: Caller, hostOf: () => Host | undefined): HttpClient {
    return (call) =>
      new Promise((resolve, reject) => {
        const host = hostOf();
        let over = false;
        const end = (ended: () => void) => {
          if (over) return;
          over = true;
          cancel();
          call.signal?.removeEventListener("abort", cut);
          if (caller.alive) ended();
        };
        const fail = (state: string) => end(() => reject(unreachable(call, state)));
        const cut = () => fail("the request was cut off");
        let cancel = () => {};
        if (call.signal?.aborted) return cut();
        call.signal?.addEventListener("abort", cut, { once: true });
        const outcome: Outcome = {
          answered: (answer) => {
            this.#count(caller, answer.body.length);
            end(() => resolve(answer));
          },
          fail,
        };
        void this.#paced(call, caller).then(() => {
          if (over || !caller.alive) return;
          cancel = caller.after(call.timeoutMs, () => fail("no answer in time"));
          this.#send(call, host, outcome);
        });
      });
  }

  /** A body that goes in pieces has gone once the last of them may go. */
  async #paced(call: HttpCall, caller: Caller): Promise<void> {
    let left = call.body?.length ?? 0;
    while (call.pace !== undefined && left > 0) {
      const bytes = Math.min(left, await call.pace(left));
      this.#count(caller, bytes);
      left -= bytes;
    }
    if (left > 0) this.#count(caller, left);
  }

  /** Bytes of bodies, by the sender's day and by the second: what a budget may not be over. */
  #count(caller: Caller, bytes: number): void {
    if (!this.counting) return;
    const day = Math.floor(caller.wallMs() / DAY_MS);
    this.bytesOfDay.set(day, (this.bytesOfDay.get(day) ?? 0) + bytes);
  }

  #send(call: HttpCall, host: Host | undefined, caller: Outcome): void {
    const { faults } = this;
    this.requests++;
    if (!this.up || this.#happens(faults.loseRequest)) return this.#lose(caller);
    if (this.#happens(faults.repeat)) this.#carry(call, host, { answered() {}, fail() {} });
    this.#carry(call, host, caller);
  }

  /** No answer: sometimes told at once, sometimes only by the clock. */
  #lose({ fail }: Outcome): void {
    if (this.#dice() < 0.5) this.#time.after(this.latencyMs, () => fail("the link is cut"));
  }

  #carry(call: HttpCall, host: Host | undefined, caller: Outcome): void {
    // Before the first wait, as a process hands its bytes to the kernel.
    const body = call.body?.slice();
    if (body !== undefined) this.#damage(body);
    this.#travel("up", (body?.length ?? 0) + HEAD_BYTES, caller, () => {
      const request = new Request(call.url, {
        method: call.method,
        headers: { ...call.headers, "content-length": String(body?.length ?? 0) },
        ...(body === undefined ? {} : { body }),
      });
      const served = host?.serve(request) ?? null;
      if (served === null) return caller.fail("connection refused");
      void served.then((response) => this.#answer(response, caller));
    });
  }

  async #answer(response: Response, caller: Outcome): Promise<void> {
    const body = new Uint8Array(await response.arrayBuffer());
    if (!this.up || this.#happens(this.faults.loseAnswer)) return this.#lose(caller);
    this.#damage(body);
    const { status, headers } = response;
    this.#travel("down", body.length + HEAD_BYTES, caller, () => {
      caller.answered({ status, headers, body });
    });
  }

  /** One after another through the link, then the way; what is delayed may be overtaken. */
  #travel(
    direction: "up" | "down",
    bytes: number,
    caller: Outcome,
    arrived: () => void,
  ): void {
    const { nowMs } = this.#time;
    const free = this.#freeAtMs;
    free[direction] = Math.max(nowMs, free[direction]) + bytes / this.bytesPerMs;
    const delayMs = this.faults.delayMs > 0 ? this.#dice() * this.faults.delayMs : 0;
    this.#time.at(free[direction] + this.latencyMs + delayMs, () => {
      if (!this.up) return this.#lose(caller);
      if (this.stalledUntilMs <= this.#time.nowMs) return arrived();
      this.#time.at(this.stalledUntilMs + this.#dice() * 1_000, arrived);
    });
  }

  #damage(bytes: Uint8Array): void {
    if (bytes.length === 0 || !this.#happens(this.faults.damage)) return;
    bytes[Math.floor(this.#dice() * bytes.length)]! ^= 1 << Math.floor(this.#dice() * 8);
  }

  #happens(probability: number): boolean {
    return probability > 0 && this.#dice() < probability;
  }
}

interface Outcome {
  answered(answer: HttpAnswer): void;
  fail(state: string): void;
}

function unreachable({ url }: HttpCall, state: string): OperatingError {
  return new OperatingError("upstream_unreachable", `Cannot reach ${url}: ${state}`);
}
