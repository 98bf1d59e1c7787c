/** Sessions: whose they are, and how many are remembered. */
import { describe, expect, it } from "vitest";
import { REPLICATION_SESSIONS_MAX } from "../../src/base/link_limits.ts";
import { Sessions } from "../../src/replication/sessions.ts";
import { seededRandom } from "../support/dice.ts";
import { HandClock } from "../support/hand_clock.ts";

const hello = { nodeId: "00000000000000aa", nodeName: "gateway", protocol: 1 };
const sessions = () => new Sessions(new HandClock(), seededRandom(1));

describe("Sessions", () => {
  it("belong to the credential that opened them", () => {
    const all = sessions();
    const { id, peer } = all.open({ ...hello, credential: "site-7" });
    expect(peer).toBe("site-7");
    expect(all.use(id, "site-7").nodeName).toBe("gateway");
    expect(() => all.use(id, "site-8")).toThrow("another peer's");
    expect(() => all.use(id, null)).toThrow("another peer's");
  });

  it("go by the node id where no credential is needed", () => {
    const all = sessions();
    const { id, peer } = all.open({ ...hello, credential: null });
    expect(peer).toBe(hello.nodeId);
    expect(all.use(id, null).id).toBe(id);
    expect(() => all.use(id, hello.nodeId)).toThrow("another peer's");
  });

  it("are unknown after a restart, and when they never were", () => {
    expect(() => sessions().use("0".repeat(32), null)).toThrow("say hello first");
    expect(() => sessions().protocolOf("")).toThrow("say hello first");
  });

  it("are forgotten when there are too many, the idlest first", () => {
    const all = sessions();
    const first = all.open({ ...hello, credential: null });
    const second = all.open({ ...hello, credential: null });
    all.use(first.id, null);
    for (let count = 2; count <= REPLICATION_SESSIONS_MAX; count++) {
      all.open({ ...hello, credential: null });
    }
    expect(all.use(first.id, null).id).toBe(first.id);
    expect(() => all.use(second.id, null)).toThrow("say hello first");
  });

  it("tell when each peer was heard of last", () => {
    const clock = new HandClock();
    const all = new Sessions(clock, seededRandom(1));
    const first = all.open({ ...hello, credential: "north" });
    all.open({ ...hello, credential: "south" });
    clock.advance(5);
    all.open({ ...hello, credential: "north" });
    clock.advance(5);
    all.use(first.id, "north");
    const now = clock.wallMs();
    expect(all.lastSeen()).toEqual(new Map([["south", now - 10], ["north", now]]));
  });
});
