/**
 * A real node in the place of Confluent's REST Proxy v2 and Strimzi's bridge: sessions as their
 * documents show them, by curl; instances that share partitions, and take over from one that is
 * silent; offsets that survive `kill -9`.
 */
import { describe, expect, it } from "vitest";
import { type NodeProcess, startNodeProcess } from "../support/process.ts";
import { hasTool, outputOf } from "../support/tools.ts";

const V2 = "application/vnd.kafka.v2+json";
const JSON_V2 = "application/vnd.kafka.json.v2+json";
const BINARY_V2 = "application/vnd.kafka.binary.v2+json";
const TEXT_V2 = "application/vnd.kafka.text.v2+json";

interface Answer {
  readonly status: number;
  readonly type: string | undefined;
  readonly body: ReturnType<typeof JSON.parse>;
}

/** One curl, as people write it. */
async function curl(url: string, ...args: string[]): Promise<Answer> {
  const format = "\n%{http_code} %{content_type}";
  const text = await outputOf("curl", ["-sS", "--max-time", "60", "-w", format, ...args, url]);
  const [last, ...lines] = text.split("\n").reverse();
  const [status, type] = last!.split(" ");
  const body = lines.reverse().join("\n");
  return { status: Number(status), type, body: body === "" ? null : JSON.parse(body) };
}

const post = (url: string, type: string, data: unknown) =>
  curl(url, "-X", "POST", "-H", `Content-Type: ${type}`, "-d", JSON.stringify(data));

const read = (uri: string, accept: string, query = "?timeout=3000") =>
  curl(`${uri}/records${query}`, "-X", "GET", "-H", `Accept: ${accept}`);

function started(dataDir?: string): Promise<NodeProcess> {
  const flags = ["--mqtt-port", "off", "--default-partitions", "4"];
  return startNodeProcess(dataDir === undefined ? { flags } : { dataDir, flags });
}

async function produce(node: NodeProcess, topic: string, values: readonly unknown[]) {
  for (const [at, value] of values.entries()) {
    const path = `/topics/${topic}/partitions/${at % 4}`;
    const { status } = await post(node.http + path, JSON_V2, { records: [{ value }] });
    expect(status).toBe(200);
  }
}

async function subscribed(node: NodeProcess, group: string, config: object): Promise<string> {
  const made = await post(`${node.http}/consumers/${group}`, V2, {
    ...{ format: "json", "auto.offset.reset": "earliest" },
    ...config,
  });
  expect(made.status, JSON.stringify(made.body)).toBe(200);
  const uri: string = made.body.base_uri;
  expect((await post(`${uri}/subscription`, V2, { topics: ["work"] })).status).toBe(204);
  return uri;
}

/** Reads by turns until each has as many partitions as it should. */
async function settle(uris: readonly string[], partitions: number): Promise<unknown[]> {
  const values: unknown[] = [];
  for (let round = 0; round < 60; round++) {
    for (const uri of uris) values.push(...await valuesOf(uri));
    const owned = await Promise.all(
      uris.map(async (uri) => (await curl(`${uri}/assignments`)).body.partitions.length),
    );
    if (owned.every((count) => count === partitions)) return values;
  }
  throw new Error("The group does not settle");
}

async function valuesOf(uri: string): Promise<unknown[]> {
  const { status, body } = await read(uri, JSON_V2, "?timeout=300");
  expect(status, JSON.stringify(body)).toBe(200);
  return body.map(({ value }: { value: unknown }) => value);
}

const offsetsOf = async (node: NodeProcess, group: string) => {
  const { offsets } = await (await fetch(`${node.http}/v1/groups/${group}/offsets`)).json();
  return offsets.reduce((sum: number, one: { offset: number }) => sum + one.offset, 0);
};

describe.runIf(hasTool("curl"))("the REST proxy, by curl", () => {
  it("serves Confluent's quick start: JSON, a subscription, commits, and the end", async () => {
    const node = await started();
    const produced = await post(`${node.http}/topics/jsontest`, JSON_V2, {
      records: [{ value: { foo: "bar" } }, { value: { foo: 1.50 }, partition: 0 }],
    });
    expect([produced.status, produced.type]).toEqual([200, V2]);
    expect(produced.body.offsets[1]).toEqual({
      ...{ partition: 0, offset: expect.any(Number), error_code: null, error: null },
    });
    expect((await curl(`${node.http}/topics`)).body).toEqual(["jsontest"]);
    expect((await curl(`${node.http}/topics/jsontest`)).body.partitions).toHaveLength(4);

    const made = await post(`${node.http}/consumers/my_json_consumer`, V2, {
      ...{ name: "my_consumer_instance", format: "json", "auto.offset.reset": "earliest" },
    });
    expect(made.body).toEqual({
      instance_id: "my_consumer_instance",
      base_uri: `${node.http}/consumers/my_json_consumer/instances/my_consumer_instance`,
    });
    const uri = made.body.base_uri;
    expect((await post(`${uri}/subscription`, V2, { topics: ["jsontest"] })).status).toBe(204);
    const records = [];
    while (records.length < 2) {
      const answer = await read(uri, JSON_V2);
      expect([answer.status, answer.type]).toEqual([200, JSON_V2]);
      records.push(...answer.body);
    }
    expect(records.map(({ value }) => value.foo).toSorted()).toEqual([1.5, "bar"]);
    expect((await curl(`${uri}/offsets`, "-X", "POST", "-H", `Content-Type: ${V2}`)).status)
      .toBe(204);
    // With a body, as Confluent's documents have it.
    const partitions = [0, 1, 2, 3].map((partition) => ({ topic: "jsontest", partition }));
    const committed = await curl(
      ...[`${uri}/offsets`, "-X", "GET", "-H", `Content-Type: ${V2}`] as const,
      ...["-d", JSON.stringify({ partitions })],
    );
    expect(
      committed.body.offsets.reduce((sum: number, one: { offset: number }) => sum + one.offset, 0),
    ).toBe(2);
    expect((await curl(uri, "-X", "DELETE", "-H", `Accept: ${V2}`)).status).toBe(204);
    const gone = await read(uri, JSON_V2);
    expect([gone.status, gone.type, gone.body.error_code]).toEqual([404, V2, 40403]);
  });

  it("serves Strimzi's: base64 and text, seeks, and a listing of what is subscribed", async () => {
    const node = await started();
    const path = `${node.http}/topics/bridge`;
    await post(`${path}/partitions/1`, BINARY_V2, {
      records: [{ key: "a2V5", value: "AP8=", headers: [{ key: "h", value: "dg==" }] }],
    });
    await post(`${path}/partitions/1`, TEXT_V2, { records: [{ value: "sales-lead-0001" }] });
    expect((await curl(`${path}/partitions/1/offsets`)).body)
      .toEqual({ beginning_offset: 0, end_offset: 2 });

    const made = await post(`${node.http}/consumers/bridge-group`, V2, {
      ...{ name: "one", format: "binary", "auto.offset.reset": "earliest" },
      ...{ "enable.auto.commit": false, "fetch.min.bytes": 1 },
      "consumer.request.timeout.ms": 3_000,
    });
    const uri = made.body.base_uri;
    await post(`${uri}/subscription`, V2, { topic_pattern: "bri.*" });
    const { body: [record, second] } = await read(uri, BINARY_V2, "");
    expect(record).toEqual({
      ...{ topic: "bridge", key: "a2V5", value: "AP8=", partition: 1, offset: 0 },
      ...{ timestamp: expect.any(Number), headers: [{ key: "h", value: "dg==" }] },
    });
    expect(atob(second.value)).toBe("sales-lead-0001");
    expect((await curl(`${uri}/subscription`)).body).toEqual({
      topics: ["bridge"],
      partitions: [{ bridge: [0, 1, 2, 3] }],
    });
    const place = { topic: "bridge", partition: 1 };
    await post(`${uri}/positions`, V2, { offsets: [{ ...place, offset: 1 }] });
    expect((await read(uri, BINARY_V2)).body).toHaveLength(1);
    await post(`${uri}/positions/beginning`, V2, { partitions: [place] });
    expect((await read(uri, BINARY_V2)).body).toHaveLength(2);
    await post(`${uri}/positions/end`, V2, { partitions: [place] });
    expect((await read(uri, BINARY_V2, "?timeout=0")).body).toEqual([]);
    const wrong = await read(uri, JSON_V2);
    expect([wrong.status, wrong.body.error_code]).toEqual([406, 40601]);
  });

  it("shares partitions between two instances, and hands over those of one that falls silent", async () => {
    const node = await started();
    await produce(node, "work", ["a", "b", "c", "d"]);
    const sessions = { "session.timeout.ms": 8_000 };
    const one = await subscribed(node, "crew", { name: "one", ...sessions });
    const two = await subscribed(node, "crew", { name: "two", ...sessions });
    const first = await settle([one, two], 2);
    while (first.length < 4) first.push(...await valuesOf(one), ...await valuesOf(two));
    expect(first.toSorted()).toEqual(["a", "b", "c", "d"]);
    await produce(node, "work", ["e", "f", "g", "h"]);
    const [mine, other] = [await valuesOf(one), await valuesOf(two)];
    expect([...mine, ...other].toSorted()).toEqual(["e", "f", "g", "h"]);
    expect([mine.length, other.length]).toEqual([2, 2]);

    // Two is heard of no more: what it was handed with its last answer is the other's, too.
    const taken = await settle([one], 4);
    while (!other.every((value) => taken.includes(value))) taken.push(...await valuesOf(one));
    expect(mine.some((value) => taken.includes(value))).toBe(false);
    // It may come back, and shares again.
    await settle([one, two], 2);
  });

  it("keeps what was committed across kill -9", async () => {
    const node = await started();
    await produce(node, "work", ["a", "b", "c", "d"]);
    const manual = await subscribed(node, "kept", { "auto.commit.enable": "false" });
    const seen: unknown[] = [];
    while (seen.length < 4) seen.push(...await valuesOf(manual));
    expect((await curl(`${manual}/offsets`, "-X", "POST")).status).toBe(204);
    await produce(node, "work", ["e"]);
    expect(await valuesOf(manual)).toEqual(["e"]);
    await node.kill();

    const again = await started(node.dataDir);
    expect(await offsetsOf(again, "kept")).toBe(4);
    const path = new URL(manual).pathname;
    expect((await read(again.http + path, JSON_V2)).body.error_code).toBe(40403);
    const next = await subscribed(again, "kept", {});
    const rest: unknown[] = [];
    while (rest.length < 1) rest.push(...await valuesOf(next));
    expect(rest).toEqual(["e"]);
    // It commits of itself, what its client has come back for.
    await expect.poll(async () => {
      await valuesOf(next);
      return await offsetsOf(again, "kept");
    }, { timeout: 20_000, interval: 500 }).toBe(5);
    await again.kill();
    expect(await offsetsOf(await started(again.dataDir), "kept")).toBe(5);
  });

  it("packs what it answers, for those who take it so", async () => {
    const node = await started();
    await produce(node, "work", Array.from({ length: 8 }, () => "same ".repeat(200)));
    const uri = await subscribed(node, "packed", {});
    const headers = await outputOf("curl", [
      ...["-sS", "-o", "/dev/null", "-D", "-", "-H", "Accept-Encoding: gzip"],
      `${uri}/records?timeout=3000`,
    ]);
    expect(headers).toMatch(/content-encoding: gzip/i);
    expect(headers).toMatch(/vary: accept, accept-encoding/i);
  });

  it("answers a read at once when the node stops", async () => {
    const node = await started();
    await produce(node, "work", ["a"]);
    const uri = await subscribed(node, "stopped", {});
    await valuesOf(uri);
    const waiting = read(uri, JSON_V2, "?timeout=50000");
    await new Promise((resolve) => setTimeout(resolve, 300));
    const { code } = await node.stop();
    expect(code).toBe(0);
    expect((await waiting).body).toEqual([]);
  });
});
