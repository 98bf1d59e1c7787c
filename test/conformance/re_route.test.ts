/**
 * Gateways that change their upstream, and nodes that come back from the past, with real processes:
 * whatever way a record takes, it is at the centre once. Every case counts payloads, not counters.
 *
 * LOGBOOM_SEED replays the links' draws.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { expectAgreement, expectProven } from "../support/agreement.ts";
import { diceOf } from "../support/dice.ts";
import { FlakyProxy } from "../support/flaky_proxy.ts";
import { temporaryDirectory } from "../support/process.ts";
import {
  caughtUp,
  eventually,
  everything,
  faultsOf,
  HttpPublisher,
  lossTotals,
  NO_FAULTS,
  RestartedNode,
  sleep,
} from "../support/restarted_node.ts";

const SEED = Number(process.env["LOGBOOM_SEED"] ?? 1);
const WELL = { refuse: 0, cut: 0, stall: 0, stallMs: 0 };
const DOWN = { refuse: 1, cut: 1, stall: 0, stallMs: 0 };
const BAD = { refuse: 0.1, cut: 0.02, stall: 0.02, stallMs: 200 };

/** Two sites of one centre, each behind a link of its own, and a gateway at the first. */
async function twoSites() {
  const dice = diceOf(SEED);
  const centre = await RestartedNode.start("centre", ["--default-partitions", "3"]);
  const links = await Promise.all(
    [0, 1].map(() => FlakyProxy.start(centre.httpPort, { dice, faults: WELL })),
  );
  const [one, two] = await Promise.all(
    links.map((link, at) =>
      RestartedNode.start(`site-${at + 1}`, ["--upstream", `http://127.0.0.1:${link.port}`])
    ),
  );
  const gateway = await RestartedNode.start("gateway", ["--upstream", one!.http]);
  return { centre, links, sites: [one!, two!] as const, gateway };
}

describe("a gateway that moves", () => {
  it("to another site mid-backlog, and back, with kills: once, and in order", async () => {
    const { centre, links, sites, gateway } = await twoSites();
    const devices = ["d0", "d1"].map((name) => new HttpPublisher(name, gateway));
    const loads = devices.map((device) => device.run());
    await sleep(500);
    links[0]!.faults = DOWN;
    await sleep(700);
    // The first site holds what the centre has not; the gateway sends it to the second one, too.
    await gateway.moveTo(sites[1].http);
    links[1]!.faults = BAD;
    await sleep(500);
    await sites[1].restart();
    await sleep(300);
    links[0]!.faults = BAD;
    await gateway.moveTo(sites[0].http);
    await sleep(300);
    await centre.restart();
    await sleep(300);
    for (const device of devices) device.stop();
    await Promise.all(loads);
    for (const link of links) link.faults = WELL;

    const wanted = devices.flatMap(({ acknowledged }) => [...acknowledged]);
    const held = await caughtUp(centre, wanted);
    expect(faultsOf(held, devices)).toEqual(NO_FAULTS);
    await settled(gateway);
    // What the sites still have of each other's is known to be there.
    for (const site of sites) await settled(site);
    expect(faultsOf(await everything(centre.http), devices)).toEqual(NO_FAULTS);
    for (const node of [gateway, ...sites]) {
      expect(await lossTotals(node.http), node.name).toMatchObject({ pending: 0, ledgered: 0 });
    }
    const totals = { delivered: held.length, ledgered: 0 };
    expect(await lossTotals(centre.http)).toMatchObject(totals);
    await expectAgreement(gateway, centre);
    // Each has a part of it.
    for (const site of sites) await expectProven(site, centre);
    await Promise.all(links.map((link) => link.stop()));
  }, 120_000);

  it("and gave up what its first site alone holds: it comes by that way, later, once", async () => {
    const { centre, links, sites, gateway } = await twoSites();
    const device = new HttpPublisher("d0", gateway);
    await device.some(200);
    await caughtUp(centre, [...device.acknowledged]);
    links[0]!.faults = DOWN;
    await device.some(200);
    expect(await lagOf(gateway)).toBe(0);
    // The site holds it: so it may go here without loss.
    await wipe(gateway, device.acknowledged.size);
    await gateway.moveTo(sites[1].http);
    await device.some(200);
    const early = await caughtUp(centre, [...device.acknowledged].slice(-200));
    expect(early, "what the first site has is still to come").toHaveLength(400);
    await device.some(100);
    await sites[1].restart();
    await device.some(100);
    expect(await caughtUp(centre, [...device.acknowledged].slice(-200))).toHaveLength(600);
    links[0]!.faults = WELL;
    await sites[0].restart();
    const held = await caughtUp(centre, [...device.acknowledged]);
    expect(faultsOf(held, [device])).toMatchObject({ missing: [], doubled: [] });
    for (const node of [gateway, ...sites, centre]) {
      expect(await settled(node), node.name).toMatchObject({ pending: 0, ledgered: 0 });
    }
    await expectAgreement(gateway, centre);
    for (const site of sites) await expectProven(site, centre);
    await Promise.all(links.map((link) => link.stop()));
  }, 120_000);

  it("to a second centre and back: each has everything once, up to the last visit", async () => {
    const [first, second] = await Promise.all([
      RestartedNode.start("centre-1"),
      RestartedNode.start("centre-2"),
    ]);
    const gateway = await RestartedNode.start("gateway", ["--upstream", first.http]);
    const device = new HttpPublisher("d0", gateway);
    await device.some(300);
    await caughtUp(first, [...device.acknowledged]);
    await gateway.moveTo(second.http);
    await device.some(300);
    const atSecond = await caughtUp(second, [...device.acknowledged]);
    expect(faultsOf(atSecond, [device])).toEqual(NO_FAULTS);
    await gateway.moveTo(first.http);
    await device.some(300);
    const atFirst = await caughtUp(first, [...device.acknowledged]);
    expect(faultsOf(atFirst, [device])).toEqual(NO_FAULTS);
    expect(await everything(second.http)).toHaveLength(600);
    expect(await settled(gateway)).toMatchObject({ pending: 0, ledgered: 0 });
    // Of the other one it is not said any more what came after the last visit.
    await expectAgreement(gateway, first);
  }, 60_000);
});

describe("a gateway that is given a credential", () => {
  it("goes on with what it had announced without one, and with another one later", async () => {
    const centre = await RestartedNode.start("centre");
    const upstream = ["--upstream", centre.http];
    const gateway = await RestartedNode.start("gateway", upstream);
    const device = new HttpPublisher("d0", gateway);
    await device.some(100);
    await caughtUp(centre, [...device.acknowledged]);
    // More of the same run waits for the link when its name changes.
    await centre.node.kill();
    await device.some(100);
    const config = join(temporaryDirectory(), "centre.yaml");
    const credential = (name: string) =>
      `  - {name: ${name}, token: ${name}-0123456789abcdef, scopes: [replicate, consume]}\n`;
    writeFileSync(config, `credentials:\n${credential("north")}${credential("south")}`);
    centre.flags = ["--config", config];
    await centre.start();
    for (const name of ["north", "south"]) {
      gateway.flags = [...upstream, "--upstream-token", `${name}-0123456789abcdef`];
      await gateway.restart();
      await device.some(100);
      expect(await settled(gateway), name).toMatchObject({ pending: 0, ledgered: 0 });
    }
    await centre.node.kill();
    centre.flags = [];
    await centre.start();
    expect(faultsOf(await everything(centre.http), [device])).toEqual(NO_FAULTS);
    await expectAgreement(gateway, centre);
  }, 60_000);
});

describe("a node that comes back from the past", () => {
  it(
    "a gateway whose card was restored: what it published since is there, and no other",
    async () => {
      const centre = await RestartedNode.start("centre");
      const gateway = await RestartedNode.start("gateway", ["--upstream", centre.http]);
      const device = new HttpPublisher("d0", gateway);
      await device.some(200);
      const image = await gateway.killedImage();
      await gateway.start();
      await device.some(200);
      await caughtUp(centre, [...device.acknowledged]);
      await gateway.killedRestore(image);
      await gateway.start();
      await device.some(200);
      const held = await caughtUp(centre, [...device.acknowledged]);
      expect(faultsOf(held, [device])).toEqual(NO_FAULTS);
      await expectAgreement(gateway, centre);
    },
    60_000,
  );

  it(
    "a centre restored from an old backup, under a site: it is made whole over both hops",
    async () => {
      const centre = await RestartedNode.start("centre");
      const site = await RestartedNode.start("site", ["--upstream", centre.http]);
      const gateway = await RestartedNode.start("gateway", ["--upstream", site.http]);
      const device = new HttpPublisher("d0", gateway);
      await device.some(200);
      await caughtUp(centre, [...device.acknowledged]);
      const image = await centre.killedImage();
      await centre.start();
      await device.some(200);
      await caughtUp(centre, [...device.acknowledged]);
      await centre.killedRestore(image);
      await centre.start();
      await device.some(200);
      const held = await caughtUp(centre, [...device.acknowledged]);
      expect(faultsOf(held, [device])).toEqual(NO_FAULTS);
      expect(await settled(gateway)).toMatchObject({ pending: 0, ledgered: 0 });
      for (const node of [gateway, site]) await expectAgreement(node, centre);
    },
    60_000,
  );
});

function settled({ http }: RestartedNode) {
  return eventually(() => lossTotals(http), ({ pending }) => pending === 0);
}

function lagOf({ http }: RestartedNode): Promise<number> {
  const lag = async () => {
    const text = await (await fetch(`${http}/metrics`)).text();
    return Number(/^logboom_replication_lag_records (\d+)$/m.exec(text)?.[1]);
  };
  return eventually(lag, (records) => records === 0);
}

async function wipe({ http }: RestartedNode, before: number): Promise<void> {
  const path = `/v1/topics/http-load/partitions/0/records?before=${before}`;
  const answer = await fetch(http + path, { method: "DELETE" });
  if (!answer.ok) throw new Error(await answer.text());
  await answer.body?.cancel();
}
