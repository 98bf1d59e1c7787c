/** What every MqttBook must do. Implementations call this from their own tests. */
import { expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import type {
  MqttBook,
  MqttOutboundRow,
  MqttRetainedRow,
  MqttSubscriptionRow,
} from "../../src/store/mqtt_book.ts";

const SUBSCRIPTION: MqttSubscriptionRow = {
  filter: "a/+/é",
  qos: 2,
  noLocal: true,
  retainAsPublished: false,
  retainHandling: 1,
  identifier: null,
  since: new Map([["logs-0", 2 ** 40], ["logs-1", 0]]),
};
const RECORD = {
  timestamp: 1_700_000_000_000,
  key: utf8("a/b"),
  value: Uint8Array.of(0, 1, 255),
  headers: [["mqtt.qos", utf8("2")], ["mqtt.user.ü", null]] as const,
};

function sent(packetId: number, more: Partial<MqttOutboundRow> = {}): MqttOutboundRow {
  const source = { partition: "logs-0", offset: packetId + 2 ** 35 };
  const rest = { retain: false, identifiers: [], group: null, source };
  return { packetId, qos: 2, released: false, ...rest, ...more };
}

function retained(topicName: string, more: Partial<MqttRetainedRow> = {}): MqttRetainedRow {
  return { topicName, bytes: 12, expiresMs: null, record: RECORD, ...more };
}

/** A map by packet identifier. */
function byId(...rows: MqttOutboundRow[]): Map<number, MqttOutboundRow> {
  return new Map(rows.map((row) => [row.packetId, row]));
}

export function mqttBookContract(
  open: () => Promise<MqttBook>,
  reopen: (book: MqttBook) => Promise<MqttBook>,
): void {
  it("is empty when new", async () => {
    const book = await open();
    expect(await book.load()).toEqual({ sessions: [], subscriptions: new Map(), retained: [] });
    expect(await book.queue("c")).toBeNull();
    expect(await book.group("$share/g/a")).toBeNull();
    expect(await book.retained(["a"])).toEqual([]);
  });

  it("gives back a session and its queue, by a later run too", async () => {
    const book = await open();
    const other = { ...SUBSCRIPTION, filter: "$share/g/#", qos: 0 as const, identifier: 268435455 };
    const inline = { topicName: utf8("a/b"), record: RECORD };
    const outbound = [
      sent(7, { identifiers: [1, 2], group: "$share/g/#" }),
      sent(3, { qos: 1, retain: true, source: inline }),
    ];
    await book.putSession({ clientId: "c é", expiryS: 0xffff_ffff });
    await book.putSession({ clientId: "d", expiryS: 60 });
    await book.writeQueue("c é", {
      subscriptions: new Map([["a/+/é", SUBSCRIPTION], ["$share/g/#", other]]),
      cursors: new Map([["logs-0", 2 ** 41], ["logs-1", 0]]),
      outbound: byId(...outbound),
    });
    const again = await reopen(book);
    const { sessions, subscriptions } = await again.load();
    expect(subscriptions).toEqual(new Map([["c é", 2]]));
    expect(new Set(sessions)).toEqual(
      new Set([{ clientId: "c é", expiryS: 0xffff_ffff }, { clientId: "d", expiryS: 60 }]),
    );
    const queue = (await again.queue("c é"))!;
    expect(new Set(queue.subscriptions)).toEqual(new Set([SUBSCRIPTION, other]));
    expect(queue.cursors).toEqual(new Map([["logs-0", 2 ** 41], ["logs-1", 0]]));
    expect(queue.outbound).toEqual(outbound);
    expect(await again.queue("d")).toEqual({
      ...{ subscriptions: [], outbound: [] },
      cursors: new Map(),
    });
  });

  it("changes and drops what a queue says is gone, and the session with all of it", async () => {
    const book = await open();
    await book.putSession({ clientId: "c", expiryS: 1 });
    await book.writeQueue("c", {
      subscriptions: new Map([["a/+/é", SUBSCRIPTION]]),
      cursors: new Map([["logs-0", 1], ["logs-1", 1]]),
      outbound: byId(sent(1), sent(2)),
    });
    await book.putSession({ clientId: "c", expiryS: 2 });
    await book.writeQueue("c", {
      subscriptions: new Map([["a/+/é", null]]),
      cursors: new Map([["logs-0", 5], ["logs-1", null]]),
      outbound: new Map([[2, null]]),
    });
    expect((await book.load()).sessions).toEqual([{ clientId: "c", expiryS: 2 }]);
    expect(await book.queue("c")).toEqual({
      ...{ subscriptions: [], outbound: [sent(1)] },
      cursors: new Map([["logs-0", 5]]),
    });
    await book.dropSession("c");
    await book.putSession({ clientId: "c", expiryS: 1 });
    expect(await book.queue("c")).toEqual({
      ...{ subscriptions: [], outbound: [] },
      cursors: new Map(),
    });
  });

  it("keeps the order messages were sent in: a new one is last, a release stays", async () => {
    const book = await open();
    await book.putSession({ clientId: "c", expiryS: 1 });
    await book.writeQueue("c", { outbound: byId(sent(5), sent(1), sent(9)) });
    await book.writeQueue("c", { outbound: byId(sent(1, { released: true })) });
    // The identifier 5 was free again, and is another message's.
    const second = sent(5, { source: { partition: "logs-1", offset: 3 } });
    await book.writeQueue("c", { outbound: byId(second) });
    const { outbound } = (await book.queue("c"))!;
    expect(outbound).toEqual([sent(1, { released: true }), sent(9), second]);
  });

  it("writes nothing for a session that is not kept", async () => {
    const book = await open();
    await book.writeQueue("c", {
      subscriptions: new Map([["a/+/é", SUBSCRIPTION]]),
      cursors: new Map([["logs-0", 5]]),
      outbound: byId(sent(1), sent(2, { released: true })),
    });
    await book.putSession({ clientId: "c", expiryS: 1 });
    expect(await book.queue("c")).toEqual({
      ...{ subscriptions: [], outbound: [] },
      cursors: new Map(),
    });
  });

  it("keeps a group until its last kept member is gone", async () => {
    const book = await open();
    const group = "$share/g/a";
    const cursors = new Map([["logs-0", 4], ["logs-1", 2 ** 40]]);
    const subscribe = async (clientId: string, row: MqttSubscriptionRow | null) => {
      await book.putSession({ clientId, expiryS: 1 });
      await book.writeQueue(clientId, { subscriptions: new Map([[group, row]]) });
    };
    const member = { ...SUBSCRIPTION, filter: group };
    for (const clientId of ["c", "d"]) await subscribe(clientId, member);
    await book.writeGroup({ group, cursors: new Map() });
    await book.writeGroup({ group, cursors });
    await book.dropSession("c");
    await book.dropGroup(group);
    expect(await book.group(group)).toEqual({ group, cursors });
    await book.dropSession("d");
    expect(await book.group(group)).toBeNull();
    for (const clientId of ["c", "d"]) await subscribe(clientId, member);
    expect(await book.group(group), "what was dropped").toBeNull();
    await book.writeGroup({ group, cursors });
    await subscribe("c", null);
    expect(await book.group(group)).toEqual({ group, cursors });
    await subscribe("d", null);
    await subscribe("d", member);
    expect(await book.group(group), "gone with its last subscription").toBeNull();
  });

  it("knows nothing of a group of clients that are not kept, whatever a crash left of it", async () => {
    const book = await open();
    const group = "$share/g/a";
    await book.writeGroup({ group, cursors: new Map([["logs-0", 4]]) });
    expect(await book.group(group)).toBeNull();
    await book.dropGroup(group);
    await book.putSession({ clientId: "c", expiryS: 1 });
    const subscriptions = new Map([[group, { ...SUBSCRIPTION, filter: group }]]);
    await book.writeQueue("c", { subscriptions });
    expect(await book.group(group)).toBeNull();
  });

  it("writes several queues and groups at once", async () => {
    const book = await open();
    for (const clientId of ["c", "d"]) await book.putSession({ clientId, expiryS: 1 });
    const subscriptions = new Map([["$share/g/a", { ...SUBSCRIPTION, filter: "$share/g/a" }]]);
    await book.writeQueue("c", { subscriptions });
    const groups = [{ group: "$share/g/a", cursors: new Map([["logs-0", 9]]) }];
    await book.writeQueues(
      new Map([["c", { outbound: byId(sent(1)) }], ["d", { cursors: new Map([["logs-0", 5]]) }]]),
      groups,
    );
    expect((await book.queue("c"))?.outbound).toEqual([sent(1)]);
    expect((await book.queue("d"))?.cursors).toEqual(new Map([["logs-0", 5]]));
    expect(await book.group("$share/g/a")).toEqual(groups[0]);
  });

  it("keeps retained messages, and reads those that are asked for", async () => {
    const book = await open();
    const empty = { ...RECORD, key: null, value: null, headers: [] };
    const expiring = retained("b", { expiresMs: 2 ** 42, record: empty });
    await book.putRetained(retained("a"));
    await book.putRetained(retained("b"));
    await book.putRetained(expiring);
    await book.putRetained(retained("c"));
    await book.dropRetained(["c", "never"]);
    const again = await reopen(book);
    const { retained: entries } = await again.load();
    expect(new Set(entries)).toEqual(
      new Set([
        { topicName: "a", bytes: 12, expiresMs: null },
        { topicName: "b", bytes: 12, expiresMs: 2 ** 42 },
      ]),
    );
    expect(new Set(await again.retained(["a", "b", "c"]))).toEqual(
      new Set([retained("a"), expiring]),
    );
  });

  it("answers with the changes asked for before, resolved or not", async () => {
    const book = await open();
    const changes = [
      book.putSession({ clientId: "c", expiryS: 1 }),
      book.writeQueue("c", { cursors: new Map([["logs-0", 1]]) }),
      book.writeQueue("c", { cursors: new Map([["logs-0", 2]]) }),
      book.putRetained(retained("a")),
    ];
    const [queue, state] = await Promise.all([book.queue("c"), book.load()]);
    expect(queue?.cursors).toEqual(new Map([["logs-0", 2]]));
    expect(state.retained.length).toBe(1);
    await Promise.all(changes);
  });
}
