/**
 * verify against real nodes: what it proves, and that it proves nothing that is not so. Losses,
 * corruption on either side, kill -9, records still pending.
 */
import { readdirSync } from "node:fs";
import { expect, it } from "vitest";
import { flipBit } from "../support/data_directories.ts";
import { type NodeProcess, runLogboom, startNodeProcess } from "../support/process.ts";

const RECORDS = 400;

async function produce(node: NodeProcess, from: number, count: number): Promise<void> {
  for (let at = from; at < from + count; at += 20) {
    const lines = Array.from({ length: 20 }, (_, n) => `reading ${at + n} ${"x".repeat(60)}`);
    const answer = await fetch(`${node.http}/v1/topics/logs/records`, {
      method: "POST",
      headers: { "content-type": "text/plain" },
      body: lines.join("\n"),
    });
    expect(answer.status).toBe(200);
    await answer.body?.cancel();
  }
}

async function pendingAt(node: NodeProcess): Promise<number> {
  const answer = await fetch(`${node.http}/v1/losses`);
  return ((await answer.json()) as { totals: { pending: number } }).totals.pending;
}

async function verify(...args: string[]) {
  const { code, stdout, stderr } = await runLogboom(["verify", ...args, "--json"]);
  const lines = stdout.trim().split("\n").filter(Boolean).map((line) => JSON.parse(line));
  return { code, stderr, logs: lines.filter(({ kind }) => kind === "log"), total: lines.at(-1) };
}

const UP = ["--replication-order", "strict"];

it("proves delivery over kill -9, from a directory and from a running gateway", async () => {
  const centre = await startNodeProcess();
  const flags = ["--upstream", centre.http, ...UP];
  const gateway = await startNodeProcess({ flags });
  await produce(gateway, 0, RECORDS);
  await gateway.kill();
  const again = await startNodeProcess({ dataDir: gateway.dataDir, flags });
  await produce(again, RECORDS, RECORDS);
  await expect.poll(() => pendingAt(again), { timeout: 30_000 }).toBe(0);

  const running = await verify("--gateway", again.http, "--upstream", centre.http);
  expect(running.total, running.stderr).toMatchObject({ accepted: 800, delivered: 800 });
  expect(running.code).toBe(0);
  await again.stop();
  const stopped = await verify("--data-dir", again.dataDir, "--upstream", centre.http);
  expect(stopped.total, stopped.stderr).toMatchObject({ accepted: 800, delivered: 800 });
  expect(stopped.logs.map(({ bytes, proven }) => [bytes, proven])).toEqual([
    ["same", true],
    ["same", true],
  ]);
  expect(stopped.code).toBe(0);
}, 90_000);

it("tells what is pending from what is lost", async () => {
  const centre = await startNodeProcess();
  const gateway = await startNodeProcess();
  await produce(gateway, 0, RECORDS);
  await gateway.stop();
  const args = ["--data-dir", gateway.dataDir, "--upstream", centre.http];
  const before = await verify(...args);
  expect(before).toMatchObject({ code: 0, total: { accepted: 400, delivered: 0, pending: 400 } });

  // A batch that was never delivered decays: unaccounted until somebody finds and ledgers it.
  const [name] = readdirSync(`${gateway.dataDir}/logs-0`).filter((one) => one.endsWith(".log"));
  flipBit(`${gateway.dataDir}/logs-0/${name}`, 200);
  const damaged = await verify(...args);
  expect(damaged.code).toBe(1);
  expect(damaged.total.unaccounted).toBeGreaterThan(0);
  expect(damaged.logs[0]).toMatchObject({ first_unaccounted: 0, proven: false });

  const fsck = await runLogboom(["fsck", gateway.dataDir, "--repair"]);
  expect(fsck.code, fsck.stdout + fsck.stderr).toBe(1);
  const ledgered = await verify(...args);
  expect(ledgered.total, ledgered.stderr).toMatchObject({ unaccounted: 0, accepted: 400 });
  expect(ledgered.total.ledgered).toBeGreaterThan(0);
  expect(ledgered.code).toBe(0);

  const again = await startNodeProcess({
    dataDir: gateway.dataDir,
    flags: ["--upstream", centre.http, ...UP],
  });
  await expect.poll(() => pendingAt(again), { timeout: 30_000 }).toBe(0);
  await again.stop();
  const delivered = await verify(...args);
  expect(delivered.total, delivered.stderr).toMatchObject({
    ...{ pending: 0, ledgered: ledgered.total.ledgered, unaccounted: 0 },
    delivered: 400 - ledgered.total.ledgered,
  });
  expect(delivered.code).toBe(0);

  // What decays at the centre afterwards is noticed, too.
  await centre.stop();
  flipBit(`${centre.dataDir}/logs-0/00000000000000000000.log`, 200);
  const worn = await startNodeProcess({ dataDir: centre.dataDir });
  const at = ["--data-dir", gateway.dataDir, "--upstream", worn.http];
  const lost = await verify(...at);
  expect(lost.code).toBe(1);
  const missing = await runLogboom(["verify", ...at.slice(0, 2)]);
  expect([missing.code, missing.stderr]).toEqual([2, expect.stringMatching(/name --upstream/)]);
}, 90_000);

it(
  "follows records through a relay to the node it is given, and sees islands while they are open",
  async () => {
    const centre = await startNodeProcess();
    const site = await startNodeProcess({ flags: ["--upstream", centre.http] });
    const flags = ["--upstream", site.http, "--replication-order", "live_first"];
    const gateway = await startNodeProcess({ flags });
    await produce(gateway, 0, RECORDS);
    await site.kill();
    await produce(gateway, RECORDS, RECORDS);
    const siteArgs = ["--upstream", centre.http, "--http-port", new URL(site.http).port];
    const again = await startNodeProcess({ dataDir: site.dataDir, flags: siteArgs });
    // Whatever has arrived by now: all of it is somewhere, and nowhere twice.
    const halfway = await verify("--gateway", gateway.http, "--upstream", centre.http);
    expect(halfway.total, halfway.stderr).toMatchObject({ accepted: 800, unaccounted: 0 });
    await expect.poll(async () => {
      const { total } = await verify("--gateway", gateway.http, "--upstream", centre.http);
      return total.delivered;
    }, { timeout: 40_000, interval: 500 }).toBe(800);
    await gateway.stop();
    await again.stop();
    for (const dataDir of [gateway.dataDir, again.dataDir]) {
      const proof = await verify("--data-dir", dataDir, "--upstream", centre.http);
      expect(proof.total, proof.stderr).toMatchObject({ accepted: 800, delivered: 800 });
      expect(proof.code, JSON.stringify(proof.logs)).toBe(0);
    }
  },
  90_000,
);
