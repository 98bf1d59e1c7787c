/**
 * Hostile requests, a table for each part of the API: each is answered as its row says, and behind
 * each a bystander's record is taken and served.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type NodeProcess, startNodeProcess } from "../support/process.ts";
import { GROUPS } from "./http_hostile/groups.ts";
import type { HostileAnswer, HostileCase, HostileTable } from "./http_hostile/hostile_case.ts";
import { PRODUCE } from "./http_hostile/produce.ts";
import { PULL } from "./http_hostile/pull.ts";
import { REST } from "./http_hostile/rest.ts";
import { send } from "./http_hostile/send.ts";
import { TOPICS } from "./http_hostile/topics.ts";
import { TAILED } from "./http_hostile/tail.ts";

/** Add yours. */
const TABLES: readonly HostileTable[] = [GROUPS, PRODUCE, PULL, REST, TAILED, TOPICS];

let node: NodeProcess;
let bystanders = 0;
const slow = new Map<HostileCase, Promise<HostileAnswer>>();

beforeAll(async () => {
  node = await startNodeProcess({ lifetime: "file" });
  for (const { prepare } of TABLES) await prepare?.(node.http);
  for (const each of TABLES.flatMap(({ cases }) => cases)) {
    if (each.slow) slow.set(each, send(node.http, each.request));
  }
});

afterAll(async () => {
  const { code, stderr } = await node.stop();
  expect(code, stderr).toBe(0);
  // What is refused is no bug of the node's.
  expect(stderr).not.toContain("http_request_failed");
});

describe("a hostile request", () => {
  for (const { title, cases } of TABLES) {
    describe(title, () => {
      const behind = cases.toSorted((a, b) => Number(a.slow ?? false) - Number(b.slow ?? false));
      for (const each of behind) {
        it(`${each.name}: ${each.status} ${each.code ?? ""}`, async () => {
          const answer = await (slow.get(each) ?? send(node.http, each.request));
          check(each, answer);
          await serveBystander();
        });
      }
    });
  }

  it("stands in a table of at least 80, each once", () => {
    const names = TABLES.flatMap(({ title, cases }) => cases.map(({ name }) => title + name));
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThanOrEqual(80);
  });
});

function check({ status, code }: HostileCase, answer: HostileAnswer): void {
  expect(answer.status, answer.body).toBe(status);
  if (code === null) return;
  const body = JSON.parse(answer.body);
  if (typeof code === "number") return expect(body.error_code).toBe(code);
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  expect(body).toMatchObject({ code, status, detail: expect.any(String) });
  expect(typeof body.retriable).toBe("boolean");
}

/** Somebody who did nothing: his record is taken, and read back. */
async function serveBystander(): Promise<void> {
  const records = `${node.http}/v1/topics/bystander/records`;
  const value = `served ${bystanders++}`;
  const headers = { "content-type": "text/plain" };
  const landed = await fetch(records, { method: "POST", headers, body: value });
  expect(landed.status).toBe(200);
  const { partition, base_offset } = await landed.json();
  const page = await fetch(
    `${node.http}/v1/topics/bystander/partitions/${partition}/records?offset=${base_offset}`,
  );
  const { records: served } = await page.json();
  expect(served.map((record: { value: string }) => record.value)).toEqual([value]);
}
