/** Two live runs of one node are told from a restart, with whatever of the old one comes late. */
import { describe, expect, it } from "vitest";
import {
  REPLICATION_REQUEST_TIMEOUT_MS_MAX,
  REPLICATION_REQUESTS_IN_FLIGHT_MAX,
} from "../../src/base/link_limits.ts";
import { CLONE_FORGOTTEN_MS, type ClonedIdentity, Runs } from "../../src/replication/runs.ts";
import { HandClock } from "../support/hand_clock.ts";

const NODE = "00000000000000aa";

function seen() {
  const clock = new HandClock();
  const detected: ClonedIdentity[] = [];
  const runs = new Runs(clock, (cloned) => detected.push(cloned));
  const hello = (run: string, address = "10.0.0.1:5") =>
    runs.greeted(NODE, { run, nodeName: "gw-1", address, peer: NODE });
  return { clock, detected, runs, hello, use: (run: string) => runs.used(NODE, run) };
}

describe("Runs", () => {
  it("takes one run after another for a restart, with late requests of each", () => {
    const { clock, detected, runs, hello, use } = seen();
    for (let start = 0; start < 50; start++) {
      const run = `run-${start}`;
      hello(run);
      for (let count = 0; count < 10; count++) use(run);
      if (start > 0) {
        // All it had under way, and a hello, come after its successor's, among that one's own.
        for (let late = 0; late < REPLICATION_REQUESTS_IN_FLIGHT_MAX; late++) {
          use(`run-${start - 1}`);
          use(run);
        }
        hello(`run-${start - 1}`);
        for (let count = 0; count < 50; count++) use(run);
      }
      clock.advance(1_000);
    }
    expect(detected).toEqual([]);
    expect(runs.cloned()).toEqual([]);
  });

  it("takes the hello of a process that died before its answer for no run at all", () => {
    const { clock, detected, hello, use } = seen();
    hello("first");
    use("first");
    clock.advance(1_000);
    hello("second");
    // On its way for long: its process is gone, and the next one runs.
    hello("never used");
    for (let count = 0; count < 50; count++) use("second");
    clock.advance(REPLICATION_REQUEST_TIMEOUT_MS_MAX + 1);
    use("second");
    expect(detected).toEqual([]);
  });

  it("detects two that go on beside each other, and names both", () => {
    const { detected, runs, hello, use } = seen();
    hello("first", "10.0.0.1:5");
    hello("second", "10.0.0.2:9");
    for (let turn = 0; turn < 20; turn++) {
      use("first");
      use("second");
    }
    expect(detected).toHaveLength(1);
    expect(detected[0]).toMatchObject({
      nodeId: NODE,
      runs: [{ run: "first", address: "10.0.0.1:5" }, { run: "second", address: "10.0.0.2:9" }],
    });
    expect(runs.isCloned(NODE)).toBe(true);
    expect(runs.cloned()).toHaveLength(1);
  });

  it("detects two that say hello in turn, because each loses its link", () => {
    const { detected, hello, use } = seen();
    for (let turn = 0; turn < 4; turn++) {
      for (const run of ["first", "second"]) {
        hello(run);
        use(run);
      }
    }
    expect(detected).toHaveLength(1);
  });

  it("detects one that is idle, and heard of long after the other said hello", () => {
    const { clock, detected, hello, use } = seen();
    hello("first");
    hello("second");
    use("second");
    clock.advance(REPLICATION_REQUEST_TIMEOUT_MS_MAX + 1);
    use("second");
    expect(detected).toEqual([]);
    use("first");
    expect(detected).toHaveLength(1);
  });

  it("lets go of it once they have not taken turns for a while", () => {
    const { clock, detected, runs, hello, use } = seen();
    hello("first");
    hello("second");
    use("second");
    for (let turn = 0; turn < 20; turn++) use("first");
    clock.advance(CLONE_FORGOTTEN_MS + 1);
    use("second");
    expect(runs.cloned()).toEqual([]);
    use("first");
    expect(detected).toHaveLength(2);
  });

  it("knows nothing of runs that were never greeted", () => {
    const { detected, runs, use } = seen();
    for (let turn = 0; turn < 100; turn++) use("unknown");
    expect(detected).toEqual([]);
    expect(runs.isCloned(NODE)).toBe(false);
  });
});
