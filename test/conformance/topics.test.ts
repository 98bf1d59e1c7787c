/**
 * Topics of a real node, made, changed and deleted over HTTP and by the command line, while it is
 * killed (kill -9): what was answered stands, and a deletion leaves all of a topic or none of it.
 */
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, expect, it } from "vitest";
import { diceOf } from "../support/dice.ts";
import { runLogboom, startNodeProcess, temporaryDirectory } from "../support/process.ts";

const KILLS = Number(process.env["LOGBOOM_KILLS"] ?? 8);
const SEED = Number(process.env["LOGBOOM_SEED"] ?? 1);

interface Topic {
  readonly topic_id: string;
  readonly partitions: readonly {
    readonly log_start_offset: number;
    readonly high_watermark: number;
  }[];
  readonly settings: Readonly<Record<string, unknown>>;
  readonly chosen: Readonly<Record<string, unknown>>;
}

async function call(http: string, method: string, path: string, body?: unknown) {
  const response = await fetch(`${http}/v1/topics${path}`, {
    method,
    headers: { "content-type": typeof body === "string" ? "text/plain" : "application/json" },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  return { status: response.status, document: await response.json() };
}

const lines = (count: number, from = 0) =>
  Array.from({ length: count }, (_, at) => `line ${from + at}`).join("\n");

describe("topics of a real node", () => {
  it("keep what was chosen for them through kills, ahead of the file", async () => {
    const config = join(temporaryDirectory(), "node.yaml");
    writeFileSync(
      config,
      "retention_ms: 7000\ntopics: { audit: { priority: 3, partitions: 2 } }\n",
    );
    const flags = ["--config", config];
    const first = await startNodeProcess({ flags });
    const form = { settings: { priority: 8, compression_type: "none" } };
    expect((await call(first.http, "PATCH", "/audit", form)).status).toBe(200);
    const made = { topic: "orders", partitions: 3, settings: { retention_ms: -1 } };
    expect((await call(first.http, "POST", "", made)).status).toBe(201);
    await call(first.http, "PATCH", "/orders", { partitions: 5 });
    await first.kill();

    writeFileSync(
      config,
      "retention_ms: 9000\ntopics: { audit: { priority: 4, partitions: 2 } }\n",
    );
    const second = await startNodeProcess({ flags, dataDir: first.dataDir });
    const audit = (await call(second.http, "GET", "/audit")).document as Topic;
    expect(audit.settings).toMatchObject({
      priority: 8,
      compression_type: "none",
      retention_ms: 9000,
    });
    expect(audit.chosen).toEqual({ priority: 8, compression_type: "none" });
    const orders = (await call(second.http, "GET", "/orders")).document as Topic;
    expect(orders.partitions.length).toBe(5);
    expect(orders.settings).toMatchObject({ retention_ms: -1 });
    await call(second.http, "PATCH", "/audit", { settings: { priority: null } });
    await call(second.http, "DELETE", "/orders");
    await second.kill();

    const third = await startNodeProcess({ flags, dataDir: first.dataDir });
    expect((await call(third.http, "GET", "/audit")).document.settings.priority).toBe(4);
    expect((await call(third.http, "GET", "/orders")).status).toBe(404);
  }, 60_000);

  it(`are there whole or not at all after ${KILLS} kills (seed ${SEED})`, async () => {
    const dice = diceOf(SEED);
    let node = await startNodeProcess({ flags: ["--default-partitions", "4"] });
    const restart = async () => {
      await node.kill();
      node = await startNodeProcess({
        flags: ["--default-partitions", "4"],
        dataDir: node.dataDir,
      });
    };
    const seen = { whole: 0, none: 0 };
    for (let kill = 0; kill < KILLS; kill++) {
      for (let part = 0; part < 4; part++) {
        const landed = await call(
          node.http,
          "POST",
          `/doomed/records?partition=${part}`,
          lines(500),
        );
        expect(landed.status).toBe(200);
      }
      const before = (await call(node.http, "GET", "/doomed")).document as Topic;
      // Cut off somewhere on the way: it takes a few milliseconds.
      const deleted = call(node.http, "DELETE", "/doomed").catch(() => null);
      await new Promise((resolve) => setTimeout(resolve, dice() * 25));
      const [answer] = await Promise.all([deleted, restart()]);
      const after = await call(node.http, "GET", "/doomed");
      if (after.status === 404) {
        seen.none++;
        expect(readdirSync(node.dataDir).filter((name) => name.startsWith("doomed"))).toEqual([]);
      } else {
        seen.whole++;
        expect(answer).toBeNull();
        const document = after.document as Topic;
        expect(document.topic_id).toBe(before.topic_id);
        expect(document.partitions.map(({ log_start_offset, high_watermark }) => [
          log_start_offset,
          high_watermark,
        ])).toEqual(before.partitions.map(({ log_start_offset, high_watermark }) => [
          log_start_offset,
          high_watermark,
        ]));
      }
      const { totals } = await (await fetch(`${node.http}/v1/losses?topic=doomed`)).json();
      expect(totals).toEqual({
        accepted: 2_000 * (kill + 1),
        delivered: 2_000 * (kill + 1),
        pending: 0,
        ledgered: 0,
      });
    }
    await node.stop();
    const check = await runLogboom(["fsck", node.dataDir]);
    expect(check.code, check.stdout).toBe(0);
    expect(seen.none).toBeGreaterThan(0);
  }, 120_000);

  it("are seen to from the command line", async () => {
    const node = await startNodeProcess();
    const topics = async (...words: string[]) => {
      const { code, stdout, stderr } = await runLogboom(["topics", ...words, "--url", node.http]);
      return { code, text: stdout + stderr };
    };
    const created = await topics("create", "orders", "--partitions", "2", "retention_ms=5000");
    expect(created.text).toContain("retention_ms        5000");
    expect(await topics("create", "orders")).toMatchObject({
      code: 1,
      text: expect.stringContaining("it is there already"),
    });
    expect((await topics("set", "orders", "retention_ms=default")).text).toContain("604800000");
    expect((await topics("set", "orders", "retension_ms=1")).text)
      .toContain("did you mean retention_ms?");
    await call(node.http, "POST", "/orders/records?partition=0", lines(10));
    expect((await topics("delete", "orders")).text).toContain(
      "orders is gone: 10 records given up",
    );
    expect(existsSync(join(node.dataDir, "orders-0"))).toBe(false);
    expect((await topics("orders")).text).toContain('Cannot find topic "orders"');
  }, 60_000);
});
