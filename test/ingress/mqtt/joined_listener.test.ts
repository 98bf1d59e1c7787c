import { describe, expect, it } from "vitest";
import type { Connection, Listener } from "../../../src/base/net.ts";
import { JoinedListener } from "../../../src/ingress/mqtt/joined_listener.ts";
import { HeldConnection } from "../../support/held_connection.ts";

/** A listener the test feeds, one connection at a time. */
class Fed implements Listener {
  readonly address = { hostname: "test", port: 7 };
  closed = false;
  #next = Promise.withResolvers<Connection>();

  give(connection: Connection): void {
    this.#next.resolve(connection);
  }

  fail(error: Error): void {
    this.#next.reject(error);
  }

  async accept(): Promise<Connection> {
    const connection = await this.#next.promise;
    this.#next = Promise.withResolvers();
    return connection;
  }

  close(): void {
    this.closed = true;
    this.#next.reject(new Error("closed"));
  }
}

describe("JoinedListener", () => {
  it("accepts from every listener and what is offered, and closes them all", async () => {
    const [one, two] = [new Fed(), new Fed()];
    const joined = new JoinedListener([one, two]);
    const [a, b, c] = [new HeldConnection(), new HeldConnection(), new HeldConnection()];
    expect(joined.address.port).toBe(7);
    const first = joined.accept();
    two.give(a);
    expect(await first).toBe(a);
    joined.offer(b);
    expect(await joined.accept()).toBe(b);
    one.give(c);
    expect(await joined.accept()).toBe(c);
    const waiting = joined.accept();
    joined.close();
    await expect(waiting).rejects.toThrow("closed");
    expect([one.closed, two.closed]).toEqual([true, true]);
    await expect(joined.accept()).rejects.toThrow("closed");
  });

  it("closes whoever was not taken, or comes too late", () => {
    const joined = new JoinedListener([]);
    const [queued, late] = [new HeldConnection(), new HeldConnection()];
    joined.offer(queued);
    joined.close();
    joined.offer(late);
    expect([queued.closed, late.closed]).toEqual([true, true]);
  });

  it("says so when a listener fails for good", async () => {
    const one = new Fed();
    const joined = new JoinedListener([one]);
    const accepted = joined.accept();
    one.fail(new Error("broken"));
    await expect(accepted).rejects.toThrow("broken");
    await expect(joined.accept()).rejects.toThrow("broken");
  });
});
