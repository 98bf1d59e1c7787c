/**
 * Journals. Method: facts that are only ever added, so that what must survive is plain: every fact
 * whose append resolved is read again, and none that was never appended. Crashes are tried at every
 * step the disk takes, each with several ways for the disk to have lost what was not synced.
 */
import { describe, expect, it } from "vitest";
import { SILENT_LOGGER } from "../../src/base/log.ts";
import { fillWithZeros, Journal } from "../../src/store/journal.ts";
import { testCore } from "../support/core.ts";
import { SimulatedDisk, type Snapshot } from "../support/simulated_disk.ts";
import { seededRandom } from "../support/stores.ts";

const core = testCore();
const crc32c = (bytes: Uint8Array) => core.crc32c(bytes);
const PATHS = ["j-a", "j-b"] as const;

/** A journal of facts, and what it read when it was opened. */
function open(disk: SimulatedDisk, { stepBytes = 512, maxBytes = 64 * 1024 } = {}) {
  const facts = new Set<string>();
  const journal = Journal.open({
    disk,
    crc32c,
    paths: PATHS,
    logger: SILENT_LOGGER,
    stepBytes,
    maxBytes,
    replay: (payload) => payload === null ? facts.clear() : facts.add((payload as [string])[0]),
    snapshot: () => [...facts].map((fact) => ({ payload: [fact, "kept"] })),
  });
  const add = async (fact: string) => {
    await journal.append([[fact, "new"]], { synced: () => facts.add(fact) });
  };
  return { journal, facts, add };
}

describe("Journal.append()", () => {
  it("reads again what it took, over many files' worth of it", async () => {
    const disk = new SimulatedDisk();
    const { journal, add } = open(disk);
    await journal.prepare();
    const names = Array.from({ length: 300 }, (_, at) => `fact ${at}`);
    for (const name of names) await add(name);
    await journal.close();
    expect([...open(disk).facts].sort()).toEqual(names.sort());
  });

  it("takes no more space with every start", async () => {
    const disk = new SimulatedDisk();
    for (let start = 0; start < 5; start++) {
      const { journal, add } = open(disk, { stepBytes: 1_024 });
      await journal.prepare();
      if (start === 0) await add("fact");
      expect(journal.bytes, `start ${start}`).toBe(2 * 1_024);
      await journal.close();
    }
    expect([...open(disk).facts]).toEqual(["fact"]);
  });

  it("lets those who come while a sync runs share the next one", async () => {
    const disk = new SimulatedDisk();
    const { journal, add, facts } = open(disk, { stepBytes: 16 * 1024 });
    await journal.prepare();
    const before = disk.syncs;
    const release = disk.holdSyncs();
    const adding = Array.from({ length: 50 }, (_, at) => add(`${at}`));
    await new Promise((resolve) => setTimeout(resolve, 5));
    adding.push(...Array.from({ length: 50 }, (_, at) => add(`late ${at}`)));
    release();
    await Promise.all(adding);
    expect(disk.syncs - before).toBe(2);
    expect(open(disk).facts).toEqual(facts);
  });

  it("loses nothing that was acknowledged, wherever a crash comes and whatever it tears", async () => {
    const disk = new SimulatedDisk();
    const moments: { snapshot: Snapshot; acknowledged: number; appended: number }[] = [];
    let acknowledged = 0;
    let appended = 0;
    disk.onStep = () => moments.push({ snapshot: disk.snapshot(), acknowledged, appended });
    const { journal, add } = open(disk);
    await journal.prepare();
    for (let at = 0; at < 60; at++) {
      const many = at % 3 + 1;
      const adding = Array.from({ length: many }, () => add(`fact ${appended++}`));
      await Promise.all(adding);
      acknowledged = appended;
    }
    for (const [at, moment] of moments.entries()) {
      const random = seededRandom(at);
      const disks = [
        SimulatedDisk.killed(moment.snapshot),
        ...Array.from({ length: 4 }, () => SimulatedDisk.crashed(moment.snapshot, random.next)),
      ];
      for (const crashed of disks) {
        const where = `step ${moment.snapshot.step}, seed ${at}`;
        const { journal, facts, add } = open(crashed);
        for (let fact = 0; fact < moment.acknowledged; fact++) {
          expect(facts.has(`fact ${fact}`), `${where}, fact ${fact}`).toBe(true);
        }
        expect(facts.size, where).toBeLessThanOrEqual(moment.appended);
        await journal.prepare();
        await add("afterwards");
        expect([...open(crashed).facts].sort(), where).toEqual([...facts].sort());
      }
    }
    expect(moments.length).toBeGreaterThan(150);
  });

  it("goes on in the other file when a sync fails, and never syncs the first again", async () => {
    for (let failing = 0; failing < 30; failing++) {
      const disk = new SimulatedDisk();
      const { journal, add, facts } = open(disk);
      await journal.prepare();
      let syncs = 0;
      disk.syncFault = () => syncs++ === failing ? "fail" : null;
      for (let at = 0; at < 40; at++) await add(`fact ${at}`);
      expect(open(disk).facts, `sync ${failing}`).toEqual(facts);
    }
  });

  it("refuses when both files fail, and works again when they do", async () => {
    const disk = new SimulatedDisk();
    const { journal, add, facts } = open(disk);
    await journal.prepare();
    await add("before");
    disk.syncFault = () => "fail";
    await expect(add("during")).rejects.toMatchObject({ code: "storage_failed" });
    await expect(add("during")).rejects.toMatchObject({ code: "storage_failed" });
    disk.syncFault = null;
    await add("after");
    expect(open(disk).facts.has("before")).toBe(true);
    expect(open(disk).facts.has("after")).toBe(true);
    expect(facts.has("during")).toBe(false);
  });

  it("works at zero bytes free, for as long as what is true fits three times", async () => {
    const disk = new SimulatedDisk();
    const { journal, facts } = open(disk, { stepBytes: 4096 });
    await journal.prepare();
    disk.capacityBytes = disk.usedBytes();
    facts.add("the only one");
    for (let at = 0; at < 500; at++) await journal.append([["the only one", at]]);
    expect(disk.freeBytes()).toBe(0);
    expect([...open(disk).facts]).toEqual(["the only one"]);
  });

  it("refuses with storage_full when what is true no longer fits", async () => {
    const disk = new SimulatedDisk();
    const { journal, add } = open(disk, { stepBytes: 512 });
    await journal.prepare();
    disk.capacityBytes = disk.usedBytes();
    await expect((async () => {
      for (let at = 0; at < 100; at++) await add(`fact ${at}`);
    })()).rejects.toMatchObject({ code: "storage_full" });
    disk.capacityBytes = Infinity;
    await add("after");
    expect(open(disk).facts.has("after")).toBe(true);
  });

  it("forgets nothing that became durable just before the next file begins", async () => {
    const disk = new SimulatedDisk();
    const { journal, add } = open(disk, { stepBytes: 4096 });
    await journal.prepare();
    await add("before");
    const release = disk.holdSyncs();
    const first = add("first");
    await new Promise((resolve) => setTimeout(resolve, 5));
    // Waits for the sync that is under way, and then finds no room in this file.
    const second = add("second ".repeat(600));
    release();
    await Promise.all([first, second]);
    expect(open(disk).facts).toContain("first");
  });
});

describe("Journal.open()", () => {
  it("starts when a sector cannot be read, and loses what lies on it", async () => {
    const disk = new SimulatedDisk();
    const { journal, add } = open(disk, { stepBytes: 32 * 1024 });
    await journal.prepare();
    const names = Array.from({ length: 300 }, (_, at) => `fact ${at}`);
    for (const name of names) await add(name);
    await journal.close();
    disk.readFault = (path, position, size) =>
      path === PATHS[0] && position < 8_192 && position + size > 4_096;
    const { journal: again, facts, add: addAgain } = open(disk);
    expect(facts.size).toBeGreaterThan(150);
    expect(facts).toContain("fact 299");
    disk.readFault = null;
    await again.prepare();
    await addAgain("more");
    expect(open(disk).facts).toEqual(facts);
  });

  it("loses one frame at most to any flipped bit", async () => {
    const disk = new SimulatedDisk();
    const { journal, add, facts } = open(disk, { stepBytes: 2048 });
    await journal.prepare();
    for (let at = 0; at < 60; at++) await add(`fact ${at}`);
    await journal.close();
    const snapshot = disk.snapshot();
    for (const path of PATHS) {
      for (let position = 0; position < disk.contents(path).length; position += 11) {
        const damaged = SimulatedDisk.killed(snapshot);
        damaged.flipBit(path, position, position % 8);
        const { journal, facts: found } = open(damaged);
        expect(facts.size - found.size, `${path} at ${position}`).toBeLessThanOrEqual(1);
        await journal.prepare();
        expect(open(damaged).facts, `${path} at ${position}`).toEqual(found);
      }
    }
  });
});

describe("fillWithZeros()", () => {
  it("grows a file by writing, and leaves what is there", () => {
    const disk = new SimulatedDisk();
    const file = disk.open("f", { create: true });
    file.writeAt(0, new Uint8Array([1, 2, 3]));
    fillWithZeros(file, 200_000);
    expect(file.size()).toBe(200_000);
    expect(disk.contents("f").subarray(0, 4)).toEqual(new Uint8Array([1, 2, 3, 0]));
    fillWithZeros(file, 100);
    expect(file.size()).toBe(200_000);
  });
});
