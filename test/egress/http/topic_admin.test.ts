import { describe, expect, it } from "vitest";
import { decode } from "cbor-x";
import { SILENT_LOGGER } from "../../../src/base/log.ts";
import { OperatingError } from "../../../src/base/errors.ts";
import type { Scope } from "../../../src/egress/http/options.ts";
import { createTopicAdminApp } from "../../../src/egress/http/topic_admin.ts";
import { openHttpWorld } from "../../support/http_world.ts";
import { append } from "../../support/stores.ts";

async function fixture(options: Parameters<typeof openHttpWorld>[0] = {}) {
  const world = await openHttpWorld(options);
  const { store, world: { clock } } = world;
  const asked: Scope[] = [];
  const bugs: unknown[] = [];
  const app = createTopicAdminApp({
    changes: store.changes,
    readSettings(given) {
      if ("wrong" in given) throw new OperatingError("invalid_argument", "wrong");
      return { retentionMs: (given["retention_ms"] ?? null) as number | null };
    },
    timers: clock,
    logger: SILENT_LOGGER,
    authorize: (scope) => async (_, next) => {
      asked.push(scope);
      await next();
    },
    onBug: (error) => void bugs.push(error),
  });
  const call = async (method: string, path: string, body?: unknown, headers = {}) =>
    await app.fetch(
      new Request(`http://node${path}`, {
        method,
        headers: { "content-type": "application/json", ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    );
  return { ...world, asked, bugs, call };
}

describe("POST /v1/topics", () => {
  it("makes a topic as it is asked for, and describes it", async () => {
    const { call, get, asked } = await fixture();
    const form = { topic: "logs", partitions: 3, settings: { retention_ms: 5 } };
    const response = await call("POST", "/v1/topics", form);
    expect(response.status).toBe(201);
    expect(response.headers.get("location")).toBe("/v1/topics/logs");
    const document = await response.json();
    expect(document).toMatchObject({
      topic: "logs",
      settings: { partitions: 3, retention_ms: 5 },
      chosen: { retention_ms: 5 },
    });
    expect(document).toEqual(await (await get("/v1/topics/logs")).json());
    expect(asked).toEqual(["admin"]);
  });

  it("answers in CBOR where that is asked for", async () => {
    const { call } = await fixture();
    const headers = { accept: "application/cbor" };
    const response = await call("POST", "/v1/topics", { topic: "logs" }, headers);
    expect(decode(new Uint8Array(await response.arrayBuffer()))).toMatchObject({ topic: "logs" });
  });

  it.each([
    [{ topic: "there" }, 409, "topic_exists"],
    [{}, 400, "invalid_argument"],
    [{ topic: "a/b" }, 400, "invalid_topic"],
    [{ topic: "t", partitions: 0 }, 400, "invalid_argument"],
    [{ topic: "t", settings: { wrong: 1 } }, 400, "invalid_argument"],
    [{ topic: "t", settings: [] }, 400, "invalid_argument"],
  ])("refuses %j", async (form, status, code) => {
    const { call, store } = await fixture();
    await store.createTopic("there");
    const response = await call("POST", "/v1/topics", form);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code });
    expect(store.topics().length).toBe(1);
  });
});

describe("PATCH /v1/topics/{topic}", () => {
  it("changes what is named, and gives back what is null", async () => {
    const { call, store } = await fixture();
    await store.createTopic("logs");
    const form = { partitions: 2, settings: { retention_ms: 9 } };
    const changed = await (await call("PATCH", "/v1/topics/logs", form)).json();
    expect(changed).toMatchObject({ settings: { partitions: 2, retention_ms: 9 } });
    expect(changed.partitions.length).toBe(2);
    const back = { settings: { retention_ms: null } };
    expect(await (await call("PATCH", "/v1/topics/logs", back)).json()).toMatchObject({
      chosen: {},
    });
  });

  it.each([
    ["/v1/topics/none", {}, 404, "unknown_topic"],
    ["/v1/topics/logs", { partitions: 1 }, 400, "invalid_argument"],
    ["/v1/topics/logs", { topic: "logs" }, 400, "invalid_argument"],
    ["/v1/topics/logs?force=true", {}, 400, "invalid_argument"],
    ["/v1/topics/%ff", {}, 400, "invalid_argument"],
  ])("refuses %s %j", async (path, form, status, code) => {
    const { call, store } = await fixture();
    await store.createTopic("logs", { partitions: 2 });
    const response = await call("PATCH", path, form);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code });
  });
});

describe("DELETE /v1/topics/{topic}", () => {
  it("says what went, and what of it is in the ledger", async () => {
    const { call, get, store } = await fixture({ store: { hasUpstream: true } });
    const { partitions: [log] } = await store.createTopic("logs");
    await append(store, log!, ["a", "b"]);
    store.forwarded.set("logs", 0, { held: 1, settled: 1 });
    store.forwarded.setLog("logs", 0, store.logs.chain("logs", 0)[0]!.logId, {
      held: 1,
      settled: 1,
    });
    const refused = await call("DELETE", "/v1/topics/logs?if_delivered=true");
    expect(refused.status).toBe(409);
    expect(await refused.json())
      .toMatchObject({ code: "not_delivered", retriable: true, records: 1 });
    const deleted = await (await call("DELETE", "/v1/topics/logs")).json();
    expect(deleted).toMatchObject({ topic: "logs", records: 2, ledgered: 1 });
    expect((await get("/v1/topics/logs")).status).toBe(404);
    const { totals, entries } = await (await get("/v1/losses?topic=logs")).json();
    expect(totals).toEqual({ accepted: 2, delivered: 1, pending: 0, ledgered: 1 });
    expect(entries).toMatchObject([{ topic: "logs", from: 1, to: 2, reason: "wiped" }]);
    expect((await call("DELETE", "/v1/topics/logs")).status).toBe(404);
  });

  it("knows no other method, and names those there are", async () => {
    const { call, bugs } = await fixture();
    const response = await call("PUT", "/v1/topics/logs", {});
    expect([response.status, response.headers.get("allow")]).toEqual([
      405,
      "DELETE, OPTIONS, PATCH",
    ]);
    expect(bugs).toEqual([]);
  });
});
