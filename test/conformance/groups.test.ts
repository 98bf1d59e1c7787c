/**
 * Consumer groups over HTTP against a real node: two processes share partitions, one is killed, the
 * other takes over within the session timeout; and a node that is killed again and again while a
 * consumer commits loses nothing it acknowledged.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";
import { startNodeProcess } from "../support/process.ts";
import { eventually, RestartedNode } from "../support/restarted_node.ts";
import { hasTool } from "../support/tools.ts";

const SESSION_MS = 5_000;
const PARTITIONS = 4;
const KILLS = Number(process.env["LOGBOOM_KILLS"] ?? 3);
const FLAGS = ["--default-partitions", String(PARTITIONS)];
const curl = promisify(execFile);

interface Event {
  readonly event: "assigned" | "read" | "told" | "refused" | "not_committed";
  readonly atMs: number;
  readonly generation: number;
  readonly partitions: readonly number[];
  readonly partition: number;
  readonly from: number;
  readonly to: number;
  readonly values: readonly string[];
}

interface Client {
  readonly events: readonly Event[];
  kill(): void;
}

function startClient(http: string, name: string): Client {
  const script = join(import.meta.dirname!, "../support/group_client.ts");
  const args = ["run", "-A", script, http, "g", "logs", String(SESSION_MS), name];
  const child: ChildProcess = spawn(process.env["DENO"] ?? "deno", args, {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const events: Event[] = [];
  let rest = "";
  child.stdout!.on("data", (part: Uint8Array) => {
    const lines = (rest + new TextDecoder().decode(part)).split("\n");
    rest = lines.pop()!;
    for (const line of lines) events.push(JSON.parse(line));
  });
  const kill = () => void child.kill("SIGKILL");
  onTestFinished(kill);
  return { events, kill };
}

async function produce(http: string, from: number, count: number): Promise<void> {
  for (let value = from; value < from + count; value++) {
    const path = `/v1/topics/logs/records?partition=${value % PARTITIONS}`;
    const headers = { "content-type": "text/plain" };
    const response = await fetch(http + path, { method: "POST", headers, body: `v${value}` });
    expect(response.status).toBe(200);
  }
}

const assignments = ({ events }: Client) => events.filter(({ event }) => event === "assigned");
const valuesOf = (...clients: readonly Client[]) =>
  clients.flatMap(({ events }) =>
    events.filter(({ event }) => event === "read").flatMap(({ values }) => values)
  );
const until = async (holds: () => boolean) =>
  expect(await eventually(() => Promise.resolve(holds()), Boolean)).toBe(true);

it("two processes share the partitions, and one takes over when the other is killed", async () => {
  const { http } = await startNodeProcess({ flags: FLAGS });
  await produce(http, 0, 40);
  const [dying, staying] = [startClient(http, "a"), startClient(http, "b")];
  const shares = () => [dying, staying].map((client) => assignments(client).at(-1));
  await until(() => {
    const [one, other] = shares();
    return one !== undefined && one.generation === other?.generation &&
      one.partitions.length + other.partitions.length === PARTITIONS;
  });
  const [one, other] = shares();
  expect([...one!.partitions, ...other!.partitions].toSorted()).toEqual([0, 1, 2, 3]);
  expect([one!.partitions.length, other!.partitions.length]).toEqual([2, 2]);
  await produce(http, 40, 40);
  await until(() => new Set(valuesOf(dying, staying)).size === 80);

  dying.kill();
  const killedMs = Date.now();
  await produce(http, 80, 40);
  await until(() => assignments(staying).at(-1)!.partitions.length === PARTITIONS);
  const tookMs = assignments(staying).at(-1)!.atMs - killedMs;
  // From its last sign of life on; the rest is for a machine that is busy.
  expect(tookMs).toBeLessThan(SESSION_MS + 3_000);
  await until(() => new Set(valuesOf(dying, staying)).size === 120);
  // Whoever committed a page was the last to: nobody read behind the other's commits again.
  const read = [...dying.events, ...staying.events].filter(({ event }) => event === "read");
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const pages = read.filter((each) => each.partition === partition)
      .toSorted((a, b) => a.generation - b.generation || a.from - b.from);
    for (const [at, page] of pages.entries()) expect(page.from).toBe(pages[at - 1]?.to ?? 0);
  }
}, 120_000);

it(`what was committed outlives ${KILLS} kills of the node, and generations rise`, async () => {
  const node = await RestartedNode.start("n", FLAGS);
  await produce(node.http, 0, PARTITIONS);
  const generations: number[] = [];
  let [asked, acknowledged] = [0, 0];
  for (let kill = 0; kill < KILLS; kill++) {
    const path = `${node.http}/v1/groups/g/members`;
    const body = JSON.stringify({ topics: ["logs"] });
    const headers = { "content-type": "application/json" };
    const joined = await (await fetch(path, { method: "POST", headers, body })).json();
    generations.push(joined.generation);
    const { offset } = joined.assignments[0];
    expect(offset ?? 0).toBeGreaterThanOrEqual(acknowledged);
    expect(offset ?? 0).toBeLessThanOrEqual(asked);
    const { member_id, generation } = joined;
    // Commits as fast as they are acknowledged, and is killed in the middle of one.
    const committing = (async () => {
      for (;;) {
        const offsets = [{ topic: "logs", partition: 0, offset: ++asked }];
        const body = JSON.stringify({ offsets, member_id, generation });
        const put = { method: "PUT", headers, body };
        const response = await fetch(`${node.http}/v1/groups/g/offsets`, put);
        await response.body?.cancel();
        if (response.status === 200) acknowledged = asked;
      }
    })().catch(() => {});
    const before = acknowledged;
    await until(() => acknowledged > before + 20);
    await node.restart();
    await committing;
  }
  expect(generations).toEqual([...new Set(generations)].toSorted((a, b) => a - b));
  const answer = await fetch(`${node.http}/v1/groups/g/offsets`);
  const [committed] = (await answer.json()).offsets;
  expect(committed.offset).toBeGreaterThanOrEqual(acknowledged);
  expect(committed.offset).toBeLessThanOrEqual(asked);
}, 120_000);

it(
  "a topic that is deleted, made anew or grown is shared out anew, from its own beginning",
  async () => {
    const { http } = await startNodeProcess({ flags: ["--default-partitions", "1"] });
    const ask = async (method: string, path: string, body?: object) => {
      const headers = { "content-type": "application/json" };
      const request = body === undefined
        ? { method }
        : { method, headers, body: JSON.stringify(body) };
      return await (await fetch(`${http}/v1${path}`, request)).json();
    };
    const topics = ["logs"];
    await ask("POST", "/topics", { topic: "logs" });
    await ask("POST", "/topics/logs/records", [1, 2, 3]);
    let joined = await ask("POST", "/groups/g/members", { topics });
    const told = async () => {
      const { member_id, generation } = joined;
      const path = `/groups/g/members/${member_id}`;
      const { code } = await ask("POST", `${path}/heartbeat`, { generation });
      if (code !== undefined) {
        joined = await ask("POST", "/groups/g/members", {
          topics,
          member_id,
        });
      }
      return [code, joined.assignments.map(({ offset }: { offset: number | null }) => offset)];
    };
    const { member_id, generation } = joined;
    const offsets = [{ topic: "logs", partition: 0, offset: 3 }];
    await ask("PUT", "/groups/g/offsets", { offsets, member_id, generation });
    expect(await told()).toEqual([undefined, [null]]);

    await ask("PATCH", "/topics/logs", { partitions: 2 });
    expect(await told()).toEqual(["rebalance_in_progress", [3, null]]);
    expect((await fetch(`${http}/v1/topics/logs`, { method: "DELETE" })).status).toBe(200);
    expect(await told()).toEqual(["rebalance_in_progress", []]);
    expect((await ask("GET", "/groups/g/offsets")).offsets).toEqual([]);
    await ask("POST", "/topics/logs/records", [1]);
    expect(await told()).toEqual(["rebalance_in_progress", [null]]);
    expect((await ask("GET", "/groups/g")).offsets).toEqual([]);
  },
  60_000,
);

it("a node that stops answers members that wait, and goes", async () => {
  const node = await startNodeProcess({ flags: FLAGS });
  const post = async (path: string, body: object) => {
    const headers = { "content-type": "application/json" };
    const request = { method: "POST", headers, body: JSON.stringify(body) };
    const response = await fetch(`${node.http}/v1/groups/${path}`, request);
    return await response.json();
  };
  const topics = ["logs"];
  const { member_id, generation } = await post("g/members", { topics });
  const held = post(`g/members/${member_id}/heartbeat`, { generation, max_wait_ms: 60_000 });
  await post("h/members", { topics });
  const joining = post("h/members", { topics });
  const parked = async () => {
    const { state } = await (await fetch(`${node.http}/v1/groups/h`)).json();
    return state === "preparing_rebalance";
  };
  expect(await eventually(parked, Boolean)).toBe(true);
  const { code, stderr } = await node.stop();
  expect(code, stderr).toBe(0);
  expect([(await held).code, (await joining).code]).toEqual(["shutting_down", "shutting_down"]);
}, 60_000);

it.skipIf(!hasTool("curl"))("a session of curl joins, commits, is told, and leaves", async () => {
  const { http } = await startNodeProcess({ flags: FLAGS });
  await produce(http, 0, PARTITIONS);
  const ask = async (method: string, path: string, body?: object) => {
    const data = body === undefined
      ? []
      : ["-H", "content-type: application/json", "-d", JSON.stringify(body)];
    const url = `${http}/v1/groups/g${path}`;
    const { stdout } = await curl("curl", [
      "-s",
      "-X",
      method,
      ...data,
      "-w",
      "\n%{http_code}",
      url,
    ]);
    const [text, status] = stdout.split(/\n(?=\d+$)/);
    return { status: Number(status), body: JSON.parse(text!) };
  };
  const joined = (await ask("POST", "/members", { topics: ["logs"] })).body;
  const { member_id, generation } = joined;
  expect(joined.assignments.length).toBe(PARTITIONS);
  const offsets = [{ topic: "logs", partition: 2, offset: 1 }];
  expect(await ask("PUT", "/offsets", { offsets, member_id, generation }))
    .toEqual({ status: 200, body: { group: "g", committed: 1 } });
  expect((await ask("PUT", "/offsets", { offsets })).body.code).toBe("group_not_empty");
  const second = ask("POST", "/members", { topics: ["logs"] });
  const beat = () =>
    ask("POST", `/members/${member_id}/heartbeat`, { generation, max_wait_ms: 5e3 });
  expect((await beat()).body.code).toBe("rebalance_in_progress");
  const again = (await ask("POST", "/members", { topics: ["logs"], member_id })).body;
  expect(again.generation).toBe((await second).body.generation);
  expect((await ask("DELETE", `/members/${member_id}`)).body.left).toBe(true);
  expect((await beat()).body.code).toBe("unknown_member");
  expect((await ask("GET", "")).body).toMatchObject({ group: "g", lag: 0 });
}, 60_000);
