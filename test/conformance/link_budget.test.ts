/**
 * The budget of a link, with real processes: every byte between gateway and centre passes a proxy
 * that counts, so nothing here goes by what the product says of itself. LOGBOOM_KILLS says how often
 * the gateway is killed.
 */
import { randomBytes } from "node:crypto";
import { describe, expect, it, onTestFinished } from "vitest";
import { deflate } from "../../src/host/inflate.ts";
import { expectAgreement } from "../support/agreement.ts";
import { CountingProxy } from "../support/counting_proxy.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { RestartedNode, sleep } from "../support/restarted_node.ts";

const CAP = 200_000;
/** A few in CI, more for the record. */
const KILLS = Number(process.env["LOGBOOM_KILLS"] ?? 5);
const QUOTA = 75_000 * KILLS;

interface Pair {
  readonly centre: RestartedNode;
  readonly gateway: RestartedNode;
  readonly proxy: CountingProxy;
}

async function pair(...flags: readonly string[]): Promise<Pair> {
  const centre = await RestartedNode.start("centre");
  const proxy = await CountingProxy.start(centre.httpPort);
  const gateway = await RestartedNode.start("gateway", ["--upstream", proxy.url, ...flags]);
  onTestFinished(() => proxy.stop());
  return { centre, gateway, proxy };
}

/** Records that nothing compresses, so that bytes are bytes. */
async function produce(node: RestartedNode, topic: string, sizes: readonly number[]) {
  const records = sizes.map((size) => ({ value_base64: randomBytes(size).toString("base64") }));
  const response = await fetch(`${node.http}/v1/topics/${topic}/records`, {
    method: "POST",
    headers: { "content-type": "application/vnd.logboom.records+json" },
    body: JSON.stringify(records),
  });
  expect(response.status).toBe(200);
}

async function put(node: RestartedNode, path: string, body: unknown): Promise<void> {
  const response = await fetch(node.http + path, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(200);
}

interface Link {
  readonly state: string;
  readonly lag: { readonly records: number };
  readonly wire: {
    readonly sent_bytes: number;
    readonly received_bytes: number;
    readonly body_bytes: number;
    readonly zstd_saved_bytes: number;
  };
  readonly compression: {
    readonly raw_to_batches: number | null;
    readonly raw_to_wire: number | null;
  };
  readonly waiting_for: { readonly reason: string } | null;
}

async function linkOf(node: RestartedNode): Promise<Link> {
  return await (await fetch(`${node.http}/v1/link`)).json() as Link;
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!await holds()) await sleep(50);
}

describe("a cap", () => {
  it("holds in every ten seconds, is used, and follows a change within a second", async () => {
    const { gateway, proxy } = await pair("--link-bytes-per-second", String(CAP));
    await produce(gateway, "bulk", Array(40).fill(100_000));
    await until(() => proxy.upBytes > 20_000);
    const startMs = performance.now();
    await sleep(11_000);
    const rate = proxy.upBetween(startMs, startMs + 11_000) / 11;
    expect(proxy.mostUpIn(10_000)).toBeLessThanOrEqual(CAP * 10 * 1.05);
    expect(rate).toBeGreaterThan(CAP * 0.95);

    await put(gateway, "/v1/link/budget", { bytes_per_second: CAP / 4 });
    const changedMs = performance.now();
    await sleep(4_000);
    const slow = proxy.upBetween(changedMs + 1_000, changedMs + 4_000) / 3;
    expect(slow).toBeLessThanOrEqual(CAP / 4 * 1.1);
    expect(slow).toBeGreaterThan(CAP / 4 * 0.8);

    // What the node says it sent is what was sent.
    const { wire } = await linkOf(gateway);
    expect(wire.sent_bytes).toBeGreaterThan(proxy.upBytes * 0.9);

    await put(gateway, "/v1/link/budget", { bytes_per_second: null });
    await until(async () => (await linkOf(gateway)).lag.records === 0);
    const said = await linkOf(gateway);
    expect(Math.abs(said.wire.sent_bytes - proxy.upBytes)).toBeLessThan(proxy.upBytes * 0.001);
    expect(Math.abs(said.wire.received_bytes - proxy.downBytes)).toBeLessThan(500);
  }, 60_000);

  it("lets topics with priority pass a long body of others", async () => {
    const { gateway, centre } = await pair("--link-bytes-per-second", "20000");
    await produce(gateway, "alarms", [10]);
    await put(gateway, "/v1/topics/alarms/priority", { priority: 9 });
    await produce(gateway, "bulk", Array(10).fill(100_000));
    await sleep(1_500);
    const delays: number[] = [];
    for (let at = 0; at < 5; at++) {
      const startMs = performance.now();
      await produce(gateway, "alarms", [10]);
      await until(async () => await countAt(centre, "alarms") === at + 2);
      delays.push(performance.now() - startMs);
    }
    // Behind the others they would wait fifty seconds.
    expect(Math.max(...delays), `${delays}`).toBeLessThan(8_000);
  }, 60_000);
});

describe("whole requests in zstd", () => {
  it("save a slow link a good part, and arrive byte for byte", async () => {
    const { gateway, centre, proxy } = await pair("--link-bytes-per-second", "50000");
    const lines = Array.from({ length: 6_000 }, (_, at) =>
      JSON.stringify({
        ts: new Date(1_800_000_000_000 + at * 37).toISOString(),
        level: ["info", "warn", "debug"][at % 3],
        request_id: randomBytes(8).toString("hex"),
        path: `/v1/items/${at * 7919 % 10_007}`,
        message: ["request completed", "cache miss", "token refreshed"][at % 3],
      }));
    for (let at = 0; at < lines.length; at += 200) {
      const response = await fetch(`${gateway.http}/v1/topics/logs/records`, {
        method: "POST",
        headers: { "content-type": "text/plain" },
        body: lines.slice(at, at + 200).join("\n"),
      });
      expect(response.status).toBe(200);
    }
    await until(async () => await countAt(centre, "logs") === lines.length);
    const { wire, compression } = await linkOf(gateway);
    expect(wire.zstd_saved_bytes / wire.body_bytes).toBeGreaterThan(0.1);
    expect(proxy.upBytes).toBeLessThan(wire.body_bytes);
    expect(compression.raw_to_wire).toBeGreaterThan(compression.raw_to_batches!);
    const path = "/v1/topics/logs/partitions/0/records?max_records=10000&max_bytes=16777216";
    const [mine, theirs] = await Promise.all([gateway, centre].map(async (node) => {
      const page = await (await fetch(node.http + path)).json() as Page;
      return page.records.map(({ value }) => value);
    }));
    expect(theirs).toEqual(mine);
    const crcs = await Promise.all([gateway, centre].map(batchChecksums));
    expect(crcs[1]).toEqual(crcs[0]);
  }, 60_000);
});

it("refuses packed bodies that are bombs, damaged or of a kind it does not know", async () => {
  const centre = await RestartedNode.start("centre");
  const peer = new RawPeer(async (request) => {
    const { pathname } = new URL(request.url);
    const body = await request.bytes();
    return await fetch(centre.http + pathname, { method: "POST", headers: request.headers, body });
  });
  await peer.hello({ max: 2 });
  const packed = (bytes: Uint8Array<ArrayBuffer>, encoding = "zstd") =>
    peer.appendBody(bytes, { "content-encoding": encoding });
  const bomb = await packed(deflate("zstd", new Uint8Array(200 * 1024 * 1024)));
  expect([bomb.status, bomb.json.code]).toEqual([413, "body_too_large"]);
  const damaged = await packed(deflate("zstd", randomBytes(5_000)).subarray(0, 4_000));
  expect([damaged.status, damaged.json.code]).toEqual([400, "malformed_body"]);
  expect((await packed(deflate("gzip", randomBytes(100)), "gzip")).status).toBe(415);
  await peer.hello({ max: 1 });
  expect((await packed(deflate("zstd", randomBytes(100)))).status).toBe(415);
  // It goes on as if nothing had been.
  expect((await fetch(`${centre.http}/healthz`)).status).toBe(200);
  await peer.hello({ max: 2 });
  await peer.announce({ logId: "00000000000000a1" });
  const writer = peer.writer();
  writer.lane("logs/0", "strict", 0);
  writer.batches([peer.batch("00000000000000a1", 0, ["a", "b"])]);
  const taken = await packed(deflate("zstd", writer.finish()));
  expect(taken.json.logs).toMatchObject([{ log_id: "00000000000000a1", held: 2 }]);
}, 60_000);

interface Page {
  readonly records: readonly { readonly value: string }[];
}

/** Checksums of the first batches as they lie on the disk: what no hop may change. */
async function batchChecksums(node: RestartedNode): Promise<number[]> {
  const path = "/v1/topics/logs/partitions/0/records?max_bytes=16777216";
  const response = await fetch(node.http + path, {
    headers: { accept: "application/vnd.logboom.batches" },
  });
  const bytes = new Uint8Array(await response.arrayBuffer());
  const view = new DataView(bytes.buffer);
  const checksums: number[] = [];
  for (let at = 0; at < bytes.length; at += 12 + view.getUint32(at + 8)) {
    checksums.push(view.getUint32(at + 17));
  }
  return checksums;
}

async function countAt(node: RestartedNode, topic: string): Promise<number> {
  const response = await fetch(`${node.http}/v1/topics/${topic}`);
  if (response.status === 404) return 0;
  const { partitions } = await response.json() as { partitions: { high_watermark: number }[] };
  return partitions.reduce((sum, { high_watermark }) => sum + high_watermark, 0);
}

describe("a quota", () => {
  it("is never exceeded, however often the gateway is killed", async () => {
    const { gateway, centre, proxy } = await pair(
      ...["--link-bytes-per-day", String(QUOTA), "--link-bytes-per-second", "100000"],
    );
    let produced = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const sizes = Array.from({ length: 20 }, () => 8_000);
      await produce(gateway, "logs", sizes);
      produced += sizes.length;
      await sleep(300 + kill % 8 * 100);
      await gateway.restart();
    }
    await until(async () => (await linkOf(gateway)).state === "waiting");
    expect((await linkOf(gateway)).waiting_for).toMatchObject({ reason: "day_quota" });
    const used = proxy.upBytes + proxy.downBytes;
    expect(used).toBeLessThanOrEqual(QUOTA);
    // A kill costs what was promised to requests under way and a chunk, not the quota.
    expect(used).toBeGreaterThan(QUOTA * 0.15);
    await sleep(1_000);
    expect(proxy.upBytes + proxy.downBytes).toBe(used);

    await put(gateway, "/v1/link/budget", { bytes_per_day: null, bytes_per_second: null });
    await sleep(1_000);
    expect(proxy.upBytes + proxy.downBytes).toBeGreaterThan(used);
    await until(async () => await countAt(centre, "logs") === produced);
    await expectAgreement(gateway, centre);
  }, 60_000 + KILLS * 5_000);
});
