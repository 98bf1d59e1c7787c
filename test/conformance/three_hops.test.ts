/**
 * Device, gateway, site, centre, with real processes: each node is killed (kill -9) in turn and both
 * links drop connections. In the end every record that was acknowledged is at the centre once, each
 * publisher's are in order, and the accounts of all three nodes close. What a site holds and the
 * centre does not is pending still, and a topic may keep it until it is settled.
 *
 * LOGBOOM_KILLS says how often; LOGBOOM_SEED replays the links' and the killer's draws.
 */
import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { expectAgreement, expectProven } from "../support/agreement.ts";
import { diceOf } from "../support/dice.ts";
import { FlakyProxy } from "../support/flaky_proxy.ts";
import {
  caughtUp,
  eventually,
  faultsOf,
  HttpPublisher,
  lossTotals,
  NO_FAULTS,
  RestartedNode,
  sleep,
} from "../support/restarted_node.ts";

const KILLS = Number(process.env["LOGBOOM_KILLS"] ?? 3);
const SEED = Number(process.env["LOGBOOM_SEED"] ?? 1);
const FAULTS = { refuse: 0.1, cut: 0.01, stall: 0.02, stallMs: 300 };
const WELL = { refuse: 0, cut: 0, stall: 0, stallMs: 0 };
const DOWN = { refuse: 1, cut: 1, stall: 0, stallMs: 0 };

it(
  `delivers over two hops once and in order, through ${KILLS} kills (seed ${SEED})`,
  async () => {
    const dice = diceOf(SEED);
    const { gateway, site, centre, links } = await chainOf(dice, FAULTS);
    const publishers = [
      ...["d0", "d1", "d2"].map((name) => new HttpPublisher(name, gateway)),
      new HttpPublisher("s0", site),
    ];
    const loads = publishers.map((publisher) => publisher.run());
    const turns = [site, gateway, centre];
    for (let kill = 0; kill < KILLS; kill++) {
      await sleep(200 + dice() * 700);
      await turns[kill % turns.length]!.restart();
    }
    await sleep(300);
    for (const publisher of publishers) publisher.stop();
    await Promise.all(loads);
    for (const link of links) link.faults = WELL;

    const acknowledged = publishers.flatMap((publisher) => [...publisher.acknowledged]);
    const held = await caughtUp(centre, acknowledged);
    expect(faultsOf(held, publishers)).toEqual(NO_FAULTS);
    for (const node of [gateway, site, centre]) {
      const totals = await settled(node);
      expect(totals, node.name).toMatchObject({ pending: 0, ledgered: 0 });
      expect(totals.accepted, node.name).toBe(totals.delivered);
    }
    expect((await lossTotals(centre.http)).delivered).toBe(held.length);
    for (const node of [gateway, site]) await expectAgreement(node, centre);
    expect(acknowledged.length).toBeGreaterThan(KILLS * 10);
    const cuts = links.reduce((sum, link) => sum + link.cuts, 0);
    process.stdout.write(
      `${KILLS} kills, ${cuts} cuts: ${acknowledged.length} acknowledged, ${held.length} held\n`,
    );
    await Promise.all(links.map((link) => link.stop()));
  },
  120_000 + KILLS * 15_000,
);

it(
  "tells held from settled: a gateway keeps for the root what its site holds already",
  async () => {
    const flags = ["--retain-until", "settled", "--disk-policy", "reject"];
    const small = ["--disk-budget-bytes", "64MiB", "--segment-bytes", "2097176"];
    const { gateway, site, centre, links } = await chainOf(diceOf(SEED), WELL, [
      ...flags,
      ...small,
    ]);
    const device = new BulkPublisher("d0", gateway);
    await device.publish(["d0:first"]);
    expect(await settled(gateway)).toMatchObject({ accepted: 1, delivered: 1, pending: 0 });

    links[1]!.faults = DOWN;
    const full = await eventually(() => device.many(8), (taken) => !taken, 60_000);
    expect(full, "refused, since the root has none of it").toBe(false);
    expect(await lagIsOver(gateway), "the site holds all of it").toBe(true);
    const { accepted, pending } = await lossTotals(gateway.http);
    expect({ accepted, pending }).toEqual({
      accepted: device.acknowledged.size,
      pending: accepted - 1,
    });
    expect(await device.next()).toBe(false);
    // The centre knows nothing of what the site holds, and says so of nothing.
    for (const node of [gateway, site]) await expectProven(node, centre);

    links[1]!.faults = WELL;
    await site.restart();
    expect(await settled(gateway)).toMatchObject({ pending: 0, ledgered: 0 });
    expect(await eventually(() => device.next(), (taken) => taken), "it takes more").toBe(true);
    const held = await caughtUp(centre, [...device.acknowledged]);
    // Published at once, so in no order.
    expect(faultsOf(held, [device])).toMatchObject({ missing: [], doubled: [] });
    for (const node of [gateway, site]) await expectAgreement(node, centre);
    await Promise.all(links.map((link) => link.stop()));
  },
  120_000,
);

/** Publishes large records, each "name:n" and much that does not compress. */
class BulkPublisher extends HttpPublisher {
  #next = 0;

  next(): Promise<boolean> {
    return this.publish([`${this.name}:${this.#next++}`]);
  }

  /** So many at once; whether all were taken. */
  async many(count: number): Promise<boolean> {
    const taken = await Promise.all(Array.from({ length: count }, () => this.next()));
    return taken.every((one) => one);
  }

  override async publish(values: readonly string[]): Promise<boolean> {
    const noise = randomBytes(600_000).toString("base64");
    const body = values.map((value) => `${value} ${noise}`).join("\n");
    const url = `${this.target.http}/v1/topics/bulk/records?key=${this.name}`;
    const headers = { "content-type": "text/plain" };
    const answer = await fetch(url, { method: "POST", headers, body });
    await answer.body?.cancel();
    if (!answer.ok) return false;
    for (const value of values) this.acknowledged.add(value);
    return true;
  }
}

async function chainOf(
  dice: () => number,
  faults: typeof FAULTS,
  gatewayFlags: readonly string[] = [],
) {
  const centre = await RestartedNode.start("centre", ["--default-partitions", "3"]);
  const upper = await FlakyProxy.start(centre.httpPort, { dice, faults });
  const site = await RestartedNode.start("site", [
    ...["--default-partitions", "2", "--upstream", `http://127.0.0.1:${upper.port}`],
  ]);
  const lower = await FlakyProxy.start(site.httpPort, { dice, faults });
  const gateway = await RestartedNode.start("gateway", [
    ...["--upstream", `http://127.0.0.1:${lower.port}`],
    ...gatewayFlags,
  ]);
  return { gateway, site, centre, links: [lower, upper] };
}

function settled(node: RestartedNode) {
  return eventually(() => lossTotals(node.http), ({ pending }) => pending === 0);
}

function lagIsOver({ http }: RestartedNode): Promise<boolean> {
  const lag = async () => {
    const text = await (await fetch(`${http}/metrics`)).text();
    return /^logboom_replication_lag_records 0$/m.test(text);
  };
  return eventually(lag, (none) => none);
}
