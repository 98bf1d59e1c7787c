/**
 * A consumer in a process of its own, that knows nothing but HTTP: joins a group, reads what it is
 * assigned, commits each page, and tells on stdout what it does, a JSON line for each event.
 *
 *     deno run -A test/support/group_client.ts URL GROUP TOPIC SESSION_MS NAME
 */

interface Assigned {
  readonly partition: number;
  readonly offset: number | null;
}

const [url, group, topic, sessionMs, name] = process.argv.slice(2) as [
  ...[string, string, string, string, string],
];
const base = `${url}/v1/groups/${group}`;
let memberId: string | undefined;
let generation = -1;

async function call(method: string, path: string, body: object) {
  const response = await fetch(`${base}${path}`, {
    ...{ method, body: JSON.stringify(body) },
    headers: { "content-type": "application/json" },
  });
  return { ok: response.ok, body: await response.json() };
}

function tell(event: object): void {
  process.stdout.write(JSON.stringify({ name, atMs: Date.now(), ...event }) + "\n");
}

async function join(): Promise<readonly Assigned[]> {
  for (;;) {
    const { ok, body } = await call("POST", "/members", {
      ...{ topics: [topic], client_id: name, session_timeout_ms: Number(sessionMs) },
      ...(memberId === undefined ? {} : { member_id: memberId }),
    });
    if (ok) {
      memberId = body.member_id as string;
      generation = body.generation as number;
      return body.assignments;
    }
    memberId = body.member_id;
    tell({ event: "refused", code: body.code });
  }
}

/** Reads one partition, until the group wants something else. */
async function read({ partition, offset }: Assigned, signal: AbortSignal): Promise<void> {
  let next = offset ?? 0;
  const records = `${url}/v1/topics/${topic}/partitions/${partition}/records`;
  while (!signal.aborted) {
    const response = await fetch(`${records}?offset=${next}&max_wait_ms=1000`, { signal });
    const page = await response.json();
    if (page.next_offset === next) continue;
    const member = { member_id: memberId, generation };
    const committed = await call("PUT", "/offsets", {
      ...{ ...member, offsets: [{ topic, partition, offset: page.next_offset }] },
    });
    if (!committed.ok) return tell({ event: "not_committed", code: committed.body.code });
    tell({
      ...{ event: "read", generation, partition, from: next, to: page.next_offset },
      values: page.records.map((record: { value: string }) => record.value),
    });
    next = page.next_offset;
  }
}

for (;;) {
  const assigned = await join();
  const partitions = assigned.map(({ partition }) => partition);
  tell({ event: "assigned", generation, partitions });
  const over = new AbortController();
  const reads = assigned.map((each) => read(each, over.signal).catch(() => {}));
  for (;;) {
    const { ok, body } = await call("POST", `/members/${memberId}/heartbeat`, {
      ...{ generation, max_wait_ms: Math.floor(Number(sessionMs) / 3) },
    });
    if (ok) continue;
    if (body.code !== "rebalance_in_progress") memberId = undefined;
    tell({ event: "told", code: body.code });
    break;
  }
  over.abort();
  await Promise.all(reads);
}
