import { describe, expect, it } from "vitest";
import { isOperatingError, OperatingError } from "../../../src/base/errors.ts";
import { BodyLimit } from "../../../src/ingress/http/body_limit.ts";

/** A clock and timers wound by hand. */
class Hand {
  now = 0;
  #tasks: { at: number; task: () => void }[] = [];
  clock = { wallMs: () => this.now, monotonicMs: () => this.now };
  timers = {
    after: (delayMs: number, task: () => void) => {
      this.#tasks.push({ at: this.now + delayMs, task });
      return () => {};
    },
    soon: (task: () => void) => task(),
  };

  wind(ms: number): void {
    for (const end = this.now + ms; this.now < end;) {
      this.now += 100;
      const due = this.#tasks.filter(({ at }) => at <= this.now);
      this.#tasks = this.#tasks.filter(({ at }) => at > this.now);
      for (const { task } of due) task();
    }
  }
}

/** A request whose body is fed by hand. */
function streamed(headers: Record<string, string> = {}) {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
    },
    cancel() {
      cancelled = true;
    },
  });
  const request = new Request("http://h/", { method: "POST", body, headers });
  return { request, push: controller, wasCancelled: () => cancelled };
}

async function codeOf(task: Promise<unknown>): Promise<string> {
  const error = await task.then(() => null, (error) => error);
  if (isOperatingError(error)) return (error as OperatingError).code;
  throw error ?? new Error("taken");
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

describe("BodyLimit.read()", () => {
  it("reads a body whole, in one step or in many", async () => {
    const limit = new BodyLimit(new Hand());
    const whole = new Request("http://h/", {
      method: "POST",
      body: "abc",
      headers: { "content-length": "3" },
    });
    expect(await limit.read(whole)).toEqual(new TextEncoder().encode("abc"));
    const { request, push } = streamed();
    const read = limit.read(request);
    push.enqueue(Uint8Array.of(1, 2));
    push.enqueue(Uint8Array.of(3));
    push.close();
    expect(await read).toEqual(Uint8Array.of(1, 2, 3));
    expect(limit.bytes).toBe(0);
  });

  it("gives no bytes where there is no body", async () => {
    const limit = new BodyLimit(new Hand());
    expect(await limit.read(new Request("http://h/", { method: "POST" }))).toHaveLength(0);
  });

  it("refuses before reading when the body says it is too large", async () => {
    const limit = new BodyLimit({ ...new Hand(), bodyBytesMax: 10 });
    const { request } = streamed({ "content-length": "11" });
    expect(await codeOf(limit.read(request))).toBe("body_too_large");
    expect(request.bodyUsed).toBe(false);
  });

  it("refuses while reading when the body turns out too large, and stops it", async () => {
    const limit = new BodyLimit({ ...new Hand(), bodyBytesMax: 10 });
    const { request, push, wasCancelled } = streamed();
    const read = limit.read(request);
    push.enqueue(new Uint8Array(6));
    push.enqueue(new Uint8Array(6));
    expect(await codeOf(read)).toBe("body_too_large");
    expect(wasCancelled()).toBe(true);
    expect(limit.bytes).toBe(0);
  });

  it("gives up a body that is not whole in time, however it is read", async () => {
    for (const headers of [{}, { "content-length": "5" }]) {
      const hand = new Hand();
      const limit = new BodyLimit({ ...hand, timeoutMs: 5_000 });
      const { request, push } = streamed(headers as Record<string, string>);
      const code = codeOf(limit.read(request));
      push.enqueue(Uint8Array.of(1));
      await settle();
      hand.wind(4_000);
      expect(limit.bytes).toBeGreaterThan(0);
      hand.wind(3_000);
      expect(await code).toBe("request_timeout");
      expect(limit.bytes).toBe(0);
    }
  });

  it("gives up the oldest body when all of them hold too much, and spares the newest", async () => {
    const limit = new BodyLimit({ ...new Hand(), bodiesBytesMax: 100 });
    const [slow, next] = [streamed(), streamed()];
    const slowCode = codeOf(limit.read(slow.request));
    slow.push.enqueue(new Uint8Array(60));
    await settle();
    const nextRead = limit.read(next.request);
    next.push.enqueue(new Uint8Array(60));
    expect(await slowCode).toBe("overloaded");
    expect(slow.wasCancelled()).toBe(true);
    next.push.close();
    expect(await nextRead).toHaveLength(60);
    expect(limit.bytes).toBe(0);
  });

  it("says so when the client cuts the body off", async () => {
    const limit = new BodyLimit(new Hand());
    const { request, push } = streamed();
    const code = codeOf(limit.read(request));
    push.error(new Error("connection reset"));
    expect(await code).toBe("malformed_body");
    expect(limit.bytes).toBe(0);
  });
});
