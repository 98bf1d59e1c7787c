/**
 * Exactly once over the link. A gateway and a centre on simulated disks, joined by a link that
 * loses, delays, repeats and damages requests and answers; either side loses power at any step of
 * its disk, and comes back on what the disk kept. An oracle counts payloads: in the end each record
 * the gateway acknowledged is at the centre once, in its partition's order.
 *
 * Seeded: a failure names its seed. SIM_SEEDS=n runs n of them, SIM_SEED=n that one.
 */
import { expect, it } from "vitest";
import { NO_FAULTS } from "../support/flaky_link.ts";
import { ReplicationOracle } from "../support/replication_oracle.ts";
import { pass, turns, until } from "../support/replication_world.ts";

const SEEDS = Number(process.env["SIM_SEEDS"] ?? 40);
const ONE_SEED = process.env["SIM_SEED"];
const PARTITIONS = 3;
const ACTIONS = 60;

const seeds = ONE_SEED === undefined
  ? Array.from({ length: SEEDS }, (_, at) => at + 1)
  : [Number(ONE_SEED)];

it(
  `keeps every acknowledged record once and in order, whatever breaks (${seeds.length} seeds)`,
  async () => {
    let [crashes, records] = [0, 0];
    for (const seed of seeds) {
      try {
        const outcome = await play(seed);
        crashes += outcome.crashes;
        records += outcome.records;
      } catch (error) {
        throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
      }
    }
    expect(crashes).toBeGreaterThan(seeds.length);
    expect(records).toBeGreaterThan(seeds.length);
  },
  600_000,
);

async function play(seed: number): Promise<{ crashes: number; records: number }> {
  const oracle = new ReplicationOracle(seed, { defaultPartitions: PARTITIONS }, "prefix");
  const { clock, dice, gateway, centre, link } = oracle;
  await oracle.start();
  let crashes = 0;
  for (let action = 0; action < ACTIONS; action++) {
    const drawn = dice();
    if (drawn < 0.55) oracle.publish(Math.floor(dice() * PARTITIONS), 1 + Math.floor(dice() * 5));
    else if (drawn < 0.62) link.faults = oracle.drawFaults();
    else if (drawn < 0.66) link.faults = NO_FAULTS;
    else if (drawn < 0.75) gateway.crashAfter(1 + Math.floor(dice() * 40));
    else if (drawn < 0.84) centre.crashAfter(1 + Math.floor(dice() * 40));
    else if (drawn < 0.88) await oracle.checkpoint(dice() < 0.5 ? gateway : centre);
    else await pass(clock, dice() * 300);
    await turns(1);
    for (const node of [gateway, centre]) {
      if (!node.crashed) continue;
      crashes++;
      await oracle.restart(node);
    }
  }
  link.faults = NO_FAULTS;
  for (const node of [gateway, centre]) {
    node.disarm();
    if (node.crashed) await oracle.restart(node);
  }
  await until(clock, () => oracle.settled, { what: "the centre holds everything" })
    .catch((error) => {
      throw new Error(`${String(error)}: ${JSON.stringify(oracle.status())}`);
    });
  const wrongs = oracle.wrongsOf(await centre.records("logs"));
  // Where the gateway itself lost it, replication is not to blame.
  const own = oracle.wrongsOf(await gateway.records("logs"));
  if (wrongs.length > 0) throw new Error(JSON.stringify({ wrongs, own, ...oracle.status() }));
  const records = oracle.acknowledged;
  await oracle.stop();
  return { crashes, records };
}
