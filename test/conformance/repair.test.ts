/** Real nodes: a bit of what was delivered flips at the gateway, and it gets the batch back itself. */
import { expect, it } from "vitest";
import { expectAgreement } from "../support/agreement.ts";
import { flipBit } from "../support/data_directories.ts";
import { type NodeProcess, runLogboom, startNodeProcess } from "../support/process.ts";

const RECORDS = 300;

async function produce(node: NodeProcess): Promise<void> {
  for (let at = 0; at < RECORDS; at += 10) {
    const lines = Array.from({ length: 10 }, (_, n) => `reading ${at + n} ${"x".repeat(100)}`);
    const answer = await fetch(`${node.http}/v1/topics/logs/records`, {
      method: "POST",
      headers: { "content-type": "text/plain" },
      body: lines.join("\n"),
    });
    expect(answer.status).toBe(200);
    await answer.body?.cancel();
  }
}

async function read(node: NodeProcess): Promise<{ values: string[]; gaps: unknown[] }> {
  const path = "/v1/topics/logs/partitions/0/records?offset=earliest&max_records=1000";
  const answer = await fetch(node.http + path);
  const page = await answer.json() as { records: { value: string }[]; gaps?: unknown[] };
  return { values: page.records.map(({ value }) => value), gaps: page.gaps ?? [] };
}

async function metric(node: NodeProcess, name: string): Promise<number> {
  const text = await (await fetch(`${node.http}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1] ?? NaN);
}

const pending = async (node: NodeProcess) =>
  ((await (await fetch(`${node.http}/v1/losses`)).json()) as { totals: { pending: number } })
    .totals.pending;

it("gets a batch back from the centre that decayed after it was delivered", async () => {
  const centre = await startNodeProcess();
  const flags = ["--upstream", centre.http];
  const gateway = await startNodeProcess({ flags });
  await produce(gateway);
  await expect.poll(() => pending(gateway), { timeout: 30_000 }).toBe(0);
  const { values } = await read(gateway);
  expect(values).toHaveLength(RECORDS);
  await gateway.stop();

  flipBit(`${gateway.dataDir}/logs-0/00000000000000000000.log`, 200);
  const again = await startNodeProcess({ dataDir: gateway.dataDir, flags });
  const damaged = await read(again);
  expect(damaged.gaps).toHaveLength(1);
  await expect.poll(async () => (await read(again)).values.length, { timeout: 20_000 })
    .toBe(RECORDS);
  expect(await read(again)).toEqual({ values, gaps: [] });
  await expect.poll(() => metric(again, "logboom_repaired_records_total")).toBeGreaterThan(0);
  expect(await metric(again, "logboom_gap_records")).toBe(0);
  expect(again.output().stderr).toContain("range_repaired");
  await expectAgreement(again, centre);

  await again.stop();
  const fsck = await runLogboom(["fsck", again.dataDir]);
  expect(fsck.code, fsck.stdout + fsck.stderr).toBe(0);
  const proof = ["verify", "--data-dir", again.dataDir, "--upstream", centre.http];
  const verified = await runLogboom(proof);
  expect(verified.code, verified.stdout + verified.stderr).toBe(0);
  expect(verified.stdout).toMatch(
    /300 accepted = 300 delivered \+ 0 pending \+ 0 ledgered: proven/,
  );
}, 90_000);
