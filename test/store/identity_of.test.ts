import { describe, expect, it } from "vitest";
import { OperatingError } from "../../src/base/errors.ts";
import { type IdentityBooks, identityOf } from "../../src/store/identity_of.ts";

const LOG = { topic: "logs", index: 0, handle: 0 };

function fixture(room: Promise<void> | null, registered: Promise<void> | null) {
  const asked: string[] = [];
  const identity = identityOf({
    logs: { registered: () => (asked.push("registered"), registered) },
    space: { roomFor: (topic: string, bytes: number) => (asked.push(`${topic} ${bytes}`), room) },
  } as unknown as IdentityBooks);
  return { identity, asked };
}

describe("identityOf().registered()", () => {
  it("waits for nothing where there is room, and the id is durable", () => {
    const { identity } = fixture(null, null);
    expect(identity.registered(LOG, 5)).toBeNull();
  });

  it("waits for room first, then for the id", async () => {
    const { identity, asked } = fixture(Promise.resolve(), Promise.resolve());
    const waiting = identity.registered(LOG, 5);
    expect(asked).toEqual(["logs 5"]);
    await waiting;
    expect(asked).toEqual(["logs 5", "registered"]);
  });

  it("passes on why there is no room", async () => {
    const full = Promise.reject(new OperatingError("storage_full", "full"));
    await expect(fixture(full, null).identity.registered(LOG, 5)).rejects.toThrow("full");
  });
});
