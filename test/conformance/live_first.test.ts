/**
 * Real processes and a capped link: live records reach the centre while a backlog drains, the link is
 * used, and the backlog takes no longer than the rest of the link allows. How soon and how well is
 * what `deno task bench catchup` measures; the bounds here leave room for a machine that does other
 * work besides, and only what waits its turn behind the backlog is beyond them.
 *
 * LOGBOOM_BACKLOG_MB says how much; little in CI, 1,024 and more for the record. The cap drains it in
 * about LOGBOOM_DRAIN_S seconds.
 */
import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { expectAgreement } from "../support/agreement.ts";
import { type NodeProcess, startNodeProcess } from "../support/process.ts";
import { sleep } from "../support/restarted_node.ts";

const BACKLOG_MB = Number(process.env["LOGBOOM_BACKLOG_MB"] ?? 24);
const DRAIN_S = Number(process.env["LOGBOOM_DRAIN_S"] ?? 12);
const CAP = Math.ceil(BACKLOG_MB * 1_000_000 / DRAIN_S);
const LIVE_EVERY_MS = 200;
const RECORD_BYTES = 400;
const BODY_RECORDS = 5_000;

const line = () => randomBytes(RECORD_BYTES * 3 / 4).toString("base64");

async function publish(node: NodeProcess, lines: readonly string[]): Promise<number> {
  const response = await fetch(`${node.http}/v1/topics/logs/records`, {
    method: "POST",
    headers: { "content-type": "text/plain" },
    body: lines.join("\n"),
  });
  expect(response.status).toBe(200);
  const { last_offset } = await response.json() as { last_offset: number };
  return last_offset;
}

interface Standing {
  readonly watermark: number;
  readonly islands: readonly { readonly from: number; readonly to: number }[];
}

async function standingAt(centre: NodeProcess): Promise<Standing> {
  const response = await fetch(`${centre.http}/v1/gateways`);
  const text = await response.text();
  const found: Standing[] = [];
  JSON.parse(text, (_, value: unknown) => {
    if (value !== null && typeof value === "object" && "watermark" in value) {
      found.push(value as Standing);
    }
    return value;
  });
  return found[0] ?? { watermark: 0, islands: [] };
}

async function sentBytes(gateway: NodeProcess): Promise<number> {
  const response = await fetch(`${gateway.http}/v1/link`);
  const { wire } = await response.json() as { wire: { sent_bytes: number } };
  return wire.sent_bytes;
}

it(
  `lets live records go ahead while ${BACKLOG_MB} MB drain over ${CAP} bytes a second`,
  async () => {
    const first = await startNodeProcess({ flags: ["--node-name", "centre"] });
    const { dataDir } = first;
    const port = new URL(first.http).port;
    await first.stop();
    const gateway = await startNodeProcess({
      flags: [
        ...["--node-name", "gateway", "--replication-order", "live_first"],
        ...["--upstream", `http://127.0.0.1:${port}`, "--link-bytes-per-second", String(CAP)],
      ],
    });
    let backlogEnd = 0;
    for (let bytes = 0; bytes < BACKLOG_MB * 1_000_000; bytes += BODY_RECORDS * RECORD_BYTES) {
      backlogEnd = await publish(gateway, Array.from({ length: BODY_RECORDS }, line)) + 1;
    }
    const topics = await fetch(`${gateway.http}/v1/topics/logs`);
    const { partitions } = await topics.json() as { partitions: { bytes: number }[] };
    const backlogBytes = partitions[0]!.bytes;

    const flags = ["--node-name", "centre", "--http-port", port];
    const centre = await startNodeProcess({ dataDir, flags });
    while ((await standingAt(centre)).watermark < backlogEnd / 50) await sleep(20);
    const [startMs, sentBefore] = [performance.now(), await sentBytes(gateway)];
    const skipped = backlogEnd / 50;

    const published: { readonly offset: number; readonly atMs: number }[] = [];
    let liveBytes = 0;
    let done = false;
    const publishing = (async () => {
      for (let next = performance.now(); !done; next += LIVE_EVERY_MS) {
        const atMs = performance.now();
        published.push({ offset: await publish(gateway, [line()]), atMs });
        liveBytes += RECORD_BYTES + 100;
        await sleep(Math.max(0, next + LIVE_EVERY_MS - performance.now()));
      }
    })();
    const delays: number[] = [];
    let measured = 0;
    for (;;) {
      const { watermark, islands } = await standingAt(centre);
      const nowMs = performance.now();
      const end = islands.at(-1)?.to ?? watermark;
      for (; measured < published.length && published[measured]!.offset < end; measured++) {
        delays.push(nowMs - published[measured]!.atMs);
      }
      if (watermark >= backlogEnd) break;
      await sleep(25);
    }
    const tookS = (performance.now() - startMs) / 1_000;
    const sent = await sentBytes(gateway) - sentBefore;
    done = true;
    await publishing;

    delays.sort((a, b) => a - b);
    const [p50, p99] = [0.5, 0.99].map((share) => delays[Math.floor(delays.length * share)]!);
    const used = sent / tookS / CAP;
    const ideal = (backlogBytes * (1 - skipped / backlogEnd)) / (CAP - liveBytes / tookS);
    const told = `${Math.round(backlogBytes / 1e6)} MB in ${tookS.toFixed(1)} s: live p50 ` +
      `${Math.round(p50!)} ms, p99 ${Math.round(p99!)} ms, link ${
        (100 * used).toFixed(1)
      } % used, ` +
      `catch-up ${(tookS / ideal).toFixed(3)} × ideal`;
    process.stdout.write(`${told}\n`);
    expect(delays.length, told).toBeGreaterThan(published.length * 0.8);
    expect(p50, told).toBeLessThanOrEqual(2_000);
    expect(p99, told).toBeLessThanOrEqual(1_000 * tookS / 2);
    expect(used, told).toBeGreaterThanOrEqual(0.6);
    expect(tookS / ideal, told).toBeLessThanOrEqual(1.5);
    await expectAgreement(gateway, centre);
    await gateway.stop();
    await centre.stop();
  },
  120_000 + 3_000 * DRAIN_S,
);
