/**
 * The order of source with real processes: a reader follows the centre, page by page, while a backlog
 * drains behind live records and the centre is killed again and again. He meets every record once, in
 * the order in which the gateway took it; one who takes the order of arrival does not.
 */
import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { expectAgreement } from "../support/agreement.ts";
import { RestartedNode, sleep } from "../support/restarted_node.ts";

const BACKLOG = 20_000;
const KILLS = 3;
/** Nothing of it can be compressed away, so the backlog is under way for ten seconds and more. */
const value = () => randomBytes(60).toString("base64");

async function publish(node: RestartedNode, from: number, count: number): Promise<void> {
  const lines = Array.from({ length: count }, (_, at) => `${from + at} ${value()}`);
  const response = await fetch(`${node.http}/v1/topics/logs/records`, {
    method: "POST",
    headers: { "content-type": "text/plain" },
    body: lines.join("\n"),
  });
  expect(response.status).toBe(200);
}

class Follower {
  readonly seen: number[] = [];
  readonly #order: string;
  #cursor = "";

  constructor(order: string) {
    this.#order = order;
  }

  /** One page; nothing where nobody answers. */
  async read(http: string): Promise<void> {
    const query = `order=${this.#order}&max_records=700&max_wait_ms=200${this.#cursor}`;
    let page: { records: { value: string }[]; cursor: string };
    try {
      const response = await fetch(`${http}/v1/topics/logs/records?${query}`);
      if (response.status === 404) return;
      page = await response.json();
      expect(response.status, JSON.stringify(page)).toBe(200);
    } catch (error) {
      if (error instanceof TypeError) return void await sleep(50);
      throw error;
    }
    this.#cursor = `&cursor=${page.cursor}`;
    for (const { value } of page.records) this.seen.push(Number.parseInt(value));
  }
}

it("is kept for a reader while live records go ahead and the centre is killed", async () => {
  const centre = await RestartedNode.start("centre");
  const gateway = await RestartedNode.start("gateway", [
    ...["--upstream", centre.http, "--replication-order", "live_first"],
    ...["--link-bytes-per-second", "150000"],
  ]);
  await centre.node.kill();
  for (let from = 0; from < BACKLOG; from += 2_000) await publish(gateway, from, 2_000);
  await centre.start();

  const source = new Follower("source");
  const arrival = new Follower("arrival");
  let [next, kills] = [BACKLOG, 0];
  let nextKillAt = BACKLOG / (KILLS + 2);
  for (const untilMs = performance.now() + 90_000; source.seen.length < next || kills < KILLS;) {
    expect(performance.now(), `${source.seen.length} of ${next}`).toBeLessThan(untilMs);
    if (source.seen.length < BACKLOG) await publish(gateway, next++, 1);
    await Promise.all([source.read(centre.http), arrival.read(centre.http)]);
    if (kills < KILLS && source.seen.length > nextKillAt) {
      kills++;
      nextKillAt += BACKLOG / (KILLS + 2);
      await centre.restart();
    }
  }
  expect(source.seen).toEqual(Array.from({ length: next }, (_, at) => at));
  while (arrival.seen.length < next) await arrival.read(centre.http);
  expect([...arrival.seen].sort((a, b) => a - b)).toEqual(source.seen);
  expect(arrival.seen, "live records did go ahead").not.toEqual(source.seen);
  await expectAgreement(gateway, centre);
}, 120_000);
