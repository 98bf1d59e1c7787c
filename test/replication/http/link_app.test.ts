/** The operator's doors of a link, with bodies that fit and many that do not. */
import { describe, expect, it } from "vitest";
import { OperatingError } from "../../../src/base/errors.ts";
import { SILENT_LOGGER } from "../../../src/base/log.ts";
import { BudgetControl } from "../../../src/replication/budget/budget_control.ts";
import { NO_BUDGET } from "../../../src/replication/budget/budget_settings.ts";
import { LinkBudget } from "../../../src/replication/budget/link_budget.ts";
import { createLinkApp, type LinkAppOptions } from "../../../src/replication/http/link_app.ts";
import { HandClock } from "../../support/hand_clock.ts";

const STATUS = {
  state: "connected",
  upstream: "http://centre",
  upstreamNode: "centre",
  error: null,
  errorCode: null,
  failures: 0,
  lagRecords: 7,
  lanes: 1,
  lanesWaiting: 0,
  refused: [],
  lanesSplit: 0,
  requestsInFlight: 0,
  backlogRecords: 0,
  backlogBytes: 0,
  bytesPerSecond: 1_234.5,
  catchUpSeconds: 0,
  liveDelayMs: 12,
} as const;

async function open(more: Partial<LinkAppOptions> = {}) {
  const clock = new HandClock({ wallMs: Date.parse("2026-11-22T10:00:00Z") });
  const budget = new LinkBudget({ clock, timers: clock });
  const values = new Map<string, string>();
  const control = await BudgetControl.open({
    budget,
    configured: NO_BUDGET,
    catalogue: {
      getMeta: (key) => Promise.resolve(values.get(key) ?? null),
      setMeta: (key, value) => Promise.resolve(void values.set(key, value)),
    },
    logger: SILENT_LOGGER,
  });
  const scopes: string[] = [];
  const priorities: unknown[] = [];
  const app = createLinkApp({
    link: { status: () => STATUS },
    control,
    priorities: {
      put(topic, priority) {
        if (topic === "none") throw new OperatingError("unknown_topic", "Cannot find topic");
        priorities.push([topic, priority]);
        return Promise.resolve(5);
      },
    },
    store: { core: { sealed: { rawBytes: 30_000, bytes: 10_000 } } },
    timers: clock,
    logger: SILENT_LOGGER,
    authorize: (scope) => async (_, next) => {
      scopes.push(scope);
      await next();
    },
    ...more,
  });
  const ask = async (method: string, path: string, body?: string, type = "application/json") => {
    const headers = { ...(body === undefined ? undefined : { "content-type": type }) };
    const request = new Request(`http://node${path}`, {
      method,
      headers,
      ...(body === undefined ? undefined : { body }),
    });
    const response = await app.fetch(request);
    return { status: response.status, json: await response.json() };
  };
  return { app, ask, budget, clock, scopes, priorities };
}

describe("GET /v1/link", () => {
  it("tells what the link does, and what it may", async () => {
    const { ask, budget } = await open();
    const passage = await budget.begin({ kind: "live", priority: 5 }, {
      ...{ headBytes: 300, bodyBytes: 700, plainBytes: 1_000, answerBytes: 500 },
    });
    passage.end(200);
    const { status, json } = await ask("GET", "/v1/link");
    expect(status).toBe(200);
    expect(json).toMatchObject({
      ...{ state: "connected", upstream: "http://centre", upstream_node: "centre", error: null },
      waiting_for: null,
      lag: { records: 7, backlog_records: 0, live_delay_ms: 12 },
      bytes_per_second: 1_235,
      wire: { sent_bytes: 1_000, received_bytes: 200, body_bytes: 1_000, zstd_saved_bytes: 300 },
      compression: { raw_to_batches: 3, bodies_to_wire: 1.43, raw_to_wire: 3 },
      classes: { "live-5": 1_000 },
      budget: {
        bytes_per_second: null,
        used: {
          day: { bytes: 1_200, left: null, ends: "2026-11-23T00:00:00.000Z" },
          month: { bytes: 1_200, left: null, ends: "2026-12-01T00:00:00.000Z" },
        },
        schedule: { open: true, changes: null },
      },
    });
  });

  it("says what it waits for", async () => {
    const { ask } = await open();
    await ask("PUT", "/v1/link/budget", '{"windows": [{"from": "22:00", "to": "23:00"}]}');
    expect((await ask("GET", "/v1/link")).json).toMatchObject({
      state: "waiting",
      waiting_for: { reason: "schedule", until: "2026-11-22T22:00:00.000Z" },
    });
  });

  it("says that there is none", async () => {
    const { ask } = await open({ link: null, control: null });
    expect((await ask("GET", "/v1/link")).json).toEqual({ state: "none", upstream: null });
    for (const method of ["GET", "PUT", "DELETE"]) {
      const { status, json } = await ask(
        method,
        "/v1/link/budget",
        method === "PUT" ? "{}" : undefined,
      );
      expect([status, json.code]).toEqual([404, "not_found"]);
    }
  });
});

describe("/v1/link/budget", () => {
  it("sets, shows and returns to what is configured", async () => {
    const { ask, budget } = await open();
    const put = await ask("PUT", "/v1/link/budget", '{"bytes_per_second": 2000}');
    expect(put.json).toMatchObject({
      bytes_per_second: 2_000,
      configured: { bytes_per_second: null },
      changed: ["bytes_per_second"],
    });
    expect(budget.settings.bytesPerSecond).toBe(2_000);
    expect((await ask("GET", "/v1/link/budget")).json).toEqual(put.json);
    expect((await ask("DELETE", "/v1/link/budget")).json).toMatchObject({
      bytes_per_second: null,
      changed: [],
    });
  });

  it.each([
    ["", "malformed_body"],
    ["{", "malformed_body"],
    ['{"bytes_per_second": 2000', "malformed_body"],
    ["[]", "invalid_argument"],
    ["null", "invalid_argument"],
    ['{"bytes_per_second": 5}', "invalid_argument"],
    ['{"__proto__": {"bytes_per_second": 2000}}', "invalid_argument"],
    ['{"constructor": 1}', "invalid_argument"],
    [`{"time_zone": "${"x".repeat(10_000)}"}`, "invalid_argument"],
    [`"${"x".repeat(70_000)}"`, "body_too_large"],
  ])("refuses %s", async (body, code) => {
    const { ask, budget } = await open();
    const { status, json } = await ask("PUT", "/v1/link/budget", body);
    expect(json.code).toBe(code);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expect(budget.settings).toEqual(NO_BUDGET);
  });

  it("refuses other media types, queries, methods and paths", async () => {
    const { ask } = await open();
    expect((await ask("PUT", "/v1/link/budget", "{}", "text/plain")).status).toBe(415);
    expect((await ask("GET", "/v1/link?x=1")).json.code).toBe("invalid_argument");
    expect((await ask("POST", "/v1/link/budget", "{}")).status).toBe(405);
    expect((await ask("GET", "/v1/link/other")).status).toBe(404);
  });

  it("is for administrators", async () => {
    const { ask, scopes } = await open();
    await ask("GET", "/v1/link");
    await ask("GET", "/v1/link/budget");
    await ask("PUT", "/v1/link/budget", "{}");
    await ask("DELETE", "/v1/link/budget");
    await ask("PUT", "/v1/topics/logs/priority", '{"priority": 9}');
    await ask("DELETE", "/v1/topics/logs/priority");
    expect(scopes).toEqual(Array(6).fill("admin"));
  });

  it("answers in CBOR where that is wanted", async () => {
    const { app } = await open();
    const response = await app.fetch(
      new Request("http://node/v1/link/budget", { headers: { accept: "application/cbor" } }),
    );
    expect(response.headers.get("content-type")).toBe("application/cbor");
  });
});

describe("/v1/topics/{topic}/priority", () => {
  it("sets it, and gives it back", async () => {
    const { ask, priorities } = await open();
    const { json } = await ask("PUT", "/v1/topics/logs/priority", '{"priority": 9}');
    expect(json).toEqual({ topic: "logs", priority: 5 });
    await ask("DELETE", "/v1/topics/logs/priority");
    expect(priorities).toEqual([["logs", 9], ["logs", null]]);
    expect((await ask("DELETE", "/v1/topics/none/priority")).status).toBe(404);
  });

  it.each(["9", "{}", '{"priority": 1, "x": 2}', "[9]", "null"])("refuses %s", async (body) => {
    const { ask, priorities } = await open();
    const { json } = await ask("PUT", "/v1/topics/logs/priority", body);
    expect(json.code).toBe("invalid_argument");
    expect(priorities).toEqual([]);
  });
});
