import { describe, expect, it, vi } from "vitest";
import { CLIENT_BACKOFF_MS_MAX } from "../../src/base/client_limits.ts";
import { Backoff, backoffMs, retrying } from "../../src/client/backoff.ts";
import { LogboomError } from "../../src/client/logboom_error.ts";
import { handEnvironment } from "../support/client_world.ts";

const away = new LogboomError("unreachable", "Cannot reach it", { retriable: true });

describe("backoffMs()", () => {
  it("doubles up to its limit, spread over all of it", () => {
    const most = [1, 2, 3, 4, 8, 9, 1_000].map((failures) => backoffMs(failures, 1));
    expect(most).toEqual([100, 200, 400, 800, 10_000, 10_000, CLIENT_BACKOFF_MS_MAX]);
    expect(backoffMs(5, 0)).toBe(0);
  });
});

describe("retrying()", () => {
  it("tries again what is retriable, until it goes well, and tells of each failure", async () => {
    const environment = handEnvironment();
    const onRetry = vi.fn();
    let tries = 0;
    const done = retrying({ environment, onRetry }, () => {
      if (++tries < 4) return Promise.reject(away);
      return Promise.resolve("fine");
    });
    await environment.pass(1_000);
    expect(await done).toBe("fine");
    expect(environment.delays).toEqual([99, 199, 399]);
    expect(onRetry.mock.calls.map(([{ failures }]) => failures)).toEqual([1, 2, 3]);
  });

  it("throws at once what no retry can help", async () => {
    const refused = new LogboomError("unknown_topic", "No");
    const attempt = vi.fn(() => Promise.reject(refused));
    await expect(retrying({ environment: handEnvironment() }, attempt)).rejects.toBe(refused);
    expect(attempt).toHaveBeenCalledOnce();
  });

  it("gives up when its time is over", async () => {
    const environment = handEnvironment();
    const failed = expect(
      retrying({ environment, forMs: 1_000 }, () => Promise.reject(away)),
    ).rejects.toBe(away);
    await environment.pass(10_000);
    await failed;
    expect(environment.delays).toEqual([99, 199, 399]);
  });
});

describe("Backoff.wait()", () => {
  it("waits as long as the node asked it to", async () => {
    const environment = handEnvironment();
    const full = new LogboomError("storage_full", "Full", {
      retriable: true,
      detail: { retry_after_s: 30 },
    });
    const waited = new Backoff({ environment }).wait(full);
    await environment.pass(30_000);
    await waited;
    expect(environment.delays).toEqual([30_000]);
  });

  it("begins anew after a success", async () => {
    const environment = handEnvironment();
    const backoff = new Backoff({ environment });
    for (let nth = 0; nth < 3; nth++) {
      const waited = backoff.wait(away);
      await environment.pass(1_000);
      await waited;
      backoff.reset();
    }
    expect(environment.delays).toEqual([99, 99, 99]);
  });

  it("ends with the signal's reason", async () => {
    const stop = new AbortController();
    const backoff = new Backoff({ environment: handEnvironment(), signal: stop.signal });
    const waited = backoff.wait(away);
    stop.abort("enough");
    await expect(waited).rejects.toBe("enough");
    await expect(backoff.wait(away)).rejects.toBe("enough");
  });
});
