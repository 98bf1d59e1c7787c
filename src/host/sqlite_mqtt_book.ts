/**
 * What is kept of MQTT clients, in tables beside the catalogue's; see sqlite_schema.ts.
 *
 * @module
 */
import { decodeHeaders, encodeHeaders } from "../core/record_headers.ts";
import type {
  MqttBook,
  MqttBookState,
  MqttGroupRows,
  MqttMessageRow,
  MqttOutboundRow,
  MqttQueueChange,
  MqttQueueRows,
  MqttRetainedRow,
  MqttSessionRow,
  MqttSubscriptionRow,
} from "../store/mqtt_book.ts";
import type { SqliteChanges } from "./sqlite_changes.ts";
import type { Row } from "./sqlite_thread.ts";
import type { Statement } from "./sqlite_worker.ts";

const PUT_SESSION = "INSERT OR REPLACE INTO mqtt_sessions VALUES (?, ?)";
const OF_CLIENT = ["mqtt_sessions", "mqtt_subscriptions", "mqtt_cursors", "mqtt_outbound"];
const DROP_MEMBERLESS_GROUPS = `DELETE FROM mqtt_groups WHERE filter NOT IN
  (SELECT filter FROM mqtt_subscriptions WHERE filter LIKE '$share/%')`;
const HAS_MEMBER = `EXISTS (SELECT 1 FROM mqtt_subscriptions
  WHERE mqtt_subscriptions.filter = ? AND mqtt_subscriptions.filter LIKE '$share/%')`;
const GROUP = `SELECT cursors FROM mqtt_groups WHERE filter = ? AND ${HAS_MEMBER}`;
const DROP_MEMBERLESS_GROUP = `DELETE FROM mqtt_groups WHERE filter = ? AND NOT ${HAS_MEMBER}`;
const PUT_SUBSCRIPTION = `INSERT OR REPLACE INTO mqtt_subscriptions
  SELECT client_id, ?, ?, ?, ?, ?, ?, ? FROM mqtt_sessions WHERE client_id = ?`;
const COUNT_SUBSCRIPTIONS =
  "SELECT client_id, count(*) AS number FROM mqtt_subscriptions GROUP BY client_id";
const DROP_SUBSCRIPTION = "DELETE FROM mqtt_subscriptions WHERE client_id = ? AND filter = ?";
const PUT_CURSOR = `INSERT OR REPLACE INTO mqtt_cursors
  SELECT client_id, ?, ? FROM mqtt_sessions WHERE client_id = ?`;
const DROP_CURSOR = "DELETE FROM mqtt_cursors WHERE client_id = ? AND partition = ?";
/** Replacing gives it a new sequence; a release leaves it where it is. */
const PUT_OUTBOUND = `INSERT OR REPLACE INTO mqtt_outbound (
  packet_id, qos, released, retain, identifiers, group_filter, partition, record_offset,
  topic_name, timestamp, key, headers, value, client_id
) SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, client_id FROM mqtt_sessions WHERE client_id = ?`;
const RELEASE_OUTBOUND = PUT_OUTBOUND.replace("OR REPLACE ", "") +
  " ON CONFLICT (client_id, packet_id) DO UPDATE SET released = 1, value = NULL";
const DROP_OUTBOUND = "DELETE FROM mqtt_outbound WHERE client_id = ? AND packet_id = ?";
const PUT_GROUP = "INSERT OR REPLACE INTO mqtt_groups VALUES (?, ?)";
const PUT_RETAINED = "INSERT OR REPLACE INTO mqtt_retained VALUES (?, ?, ?, ?, ?, ?, ?)";
const RETAINED = `SELECT * FROM mqtt_retained
  WHERE topic_name IN (SELECT value FROM json_each(?))`;
const DROP_RETAINED = RETAINED.replace("SELECT * FROM", "DELETE FROM");

export class SqliteMqttBook implements MqttBook {
  readonly #changes: SqliteChanges;

  constructor(changes: SqliteChanges) {
    this.#changes = changes;
  }

  async load(): Promise<MqttBookState> {
    const [sessions, subscriptions, retained] = await Promise.all([
      this.#changes.query("SELECT client_id, expiry_s FROM mqtt_sessions"),
      this.#changes.query(COUNT_SUBSCRIPTIONS),
      this.#changes.query("SELECT topic_name, bytes, expires_ms FROM mqtt_retained"),
    ]);
    return {
      sessions: sessions.map((row) => ({
        clientId: row["client_id"] as string,
        expiryS: row["expiry_s"] as number,
      })),
      subscriptions: new Map(
        subscriptions.map((row) => [row["client_id"] as string, row["number"] as number]),
      ),
      retained: retained.map(retainedEntryOf),
    };
  }

  async queue(clientId: string): Promise<MqttQueueRows | null> {
    const ofClient = (table: string, rest = "") =>
      this.#changes.query(`SELECT * FROM ${table} WHERE client_id = ? ${rest}`, [clientId]);
    const [sessions, subscriptions, cursors, outbound] = await Promise.all([
      ofClient("mqtt_sessions"),
      ofClient("mqtt_subscriptions"),
      ofClient("mqtt_cursors"),
      ofClient("mqtt_outbound", "ORDER BY sequence"),
    ]);
    if (sessions.length === 0) return null;
    return {
      subscriptions: subscriptions.map(subscriptionOf),
      cursors: new Map(
        cursors.map((row) => [row["partition"] as string, row["next_offset"] as number]),
      ),
      outbound: outbound.map(outboundOf),
    };
  }

  putSession({ clientId, expiryS }: MqttSessionRow): Promise<void> {
    return this.#changes.change([[PUT_SESSION, [clientId, expiryS]]]);
  }

  dropSession(clientId: string): Promise<void> {
    return this.#changes.change([
      ...OF_CLIENT.map((table): Statement => [
        `DELETE FROM ${table} WHERE client_id = ?`,
        [clientId],
      ]),
      [DROP_MEMBERLESS_GROUPS, []],
    ]);
  }

  writeQueue(clientId: string, change: MqttQueueChange): Promise<void> {
    return this.#changes.change(queueStatements(clientId, change));
  }

  writeQueues(
    queues: ReadonlyMap<string, MqttQueueChange>,
    groups: readonly MqttGroupRows[],
  ): Promise<void> {
    return this.#changes.change([
      ...[...queues].flatMap(([clientId, change]) => queueStatements(clientId, change)),
      ...groups.map(groupStatement),
    ]);
  }

  async group(group: string): Promise<MqttGroupRows | null> {
    const [row] = await this.#changes.query(GROUP, [group, group]);
    return row === undefined ? null : { group, cursors: offsetsOf(row["cursors"]) };
  }

  writeGroup(rows: MqttGroupRows): Promise<void> {
    return this.#changes.change([groupStatement(rows)]);
  }

  dropGroup(group: string): Promise<void> {
    return this.#changes.change([[DROP_MEMBERLESS_GROUP, [group, group]]]);
  }

  async retained(topicNames: readonly string[]): Promise<readonly MqttRetainedRow[]> {
    const rows = await this.#changes.query(RETAINED, [JSON.stringify(topicNames)]);
    return rows.map((row) => ({ ...retainedEntryOf(row), record: recordOf(row) }));
  }

  putRetained({ topicName, bytes, expiresMs, record }: MqttRetainedRow): Promise<void> {
    const values = [topicName, bytes, expiresMs, ...recordValues(record)];
    return this.#changes.change([[PUT_RETAINED, values]]);
  }

  dropRetained(topicNames: readonly string[]): Promise<void> {
    if (topicNames.length === 0) return Promise.resolve();
    return this.#changes.change([[DROP_RETAINED, [JSON.stringify(topicNames)]]]);
  }
}

function queueStatements(clientId: string, change: MqttQueueChange): Statement[] {
  const statements: Statement[] = [];
  for (const [filter, row] of change.subscriptions ?? []) {
    if (row !== null) {
      statements.push([PUT_SUBSCRIPTION, [...subscriptionValues(row), clientId]]);
      continue;
    }
    statements.push([DROP_SUBSCRIPTION, [clientId, filter]]);
    if (filter.startsWith("$share/")) statements.push([DROP_MEMBERLESS_GROUP, [filter, filter]]);
  }
  for (const [partition, next] of change.cursors ?? []) {
    if (next === null) statements.push([DROP_CURSOR, [clientId, partition]]);
    else statements.push([PUT_CURSOR, [partition, next, clientId]]);
  }
  for (const [packetId, row] of change.outbound ?? []) {
    if (row === null) statements.push([DROP_OUTBOUND, [clientId, packetId]]);
    else statements.push(outboundStatement(clientId, row));
  }
  return statements;
}

function groupStatement({ group, cursors }: MqttGroupRows): Statement {
  return [PUT_GROUP, [group, JSON.stringify([...cursors])]];
}

function subscriptionValues(row: MqttSubscriptionRow): Statement[1] {
  return [
    row.filter,
    row.qos,
    Number(row.noLocal),
    Number(row.retainAsPublished),
    row.retainHandling,
    row.identifier,
    JSON.stringify([...row.since]),
  ];
}

function subscriptionOf(row: Row): MqttSubscriptionRow {
  return {
    filter: row["filter"] as string,
    qos: row["qos"] as 0 | 1 | 2,
    noLocal: row["no_local"] === 1,
    retainAsPublished: row["retain_as_published"] === 1,
    retainHandling: row["retain_handling"] as 0 | 1 | 2,
    identifier: row["identifier"] as number | null,
    since: offsetsOf(row["since"]),
  };
}

function offsetsOf(json: unknown): Map<string, number> {
  return new Map(JSON.parse(json as string) as [string, number][]);
}

function outboundStatement(clientId: string, row: MqttOutboundRow): Statement {
  const { packetId, qos, released, retain, identifiers, group, source } = row;
  const place = "partition" in source
    ? [source.partition, source.offset, null, null, null, null, null]
    : [null, null, source.topicName, ...recordValues(source.record)];
  return [released ? RELEASE_OUTBOUND : PUT_OUTBOUND, [
    ...[packetId, qos, Number(released), Number(retain), JSON.stringify(identifiers), group],
    ...place,
    clientId,
  ]];
}

function recordValues({ timestamp, key, headers, value }: MqttMessageRow): Statement[1] {
  return [timestamp, key, encodeHeaders(headers), value];
}

function outboundOf(row: Row): MqttOutboundRow {
  return {
    packetId: row["packet_id"] as number,
    qos: row["qos"] as 1 | 2,
    released: row["released"] === 1,
    retain: row["retain"] === 1,
    identifiers: JSON.parse(row["identifiers"] as string) as number[],
    group: row["group_filter"] as string | null,
    source: row["partition"] !== null
      ? { partition: row["partition"] as string, offset: row["record_offset"] as number }
      : { topicName: row["topic_name"] as Uint8Array, record: recordOf(row) },
  };
}

function retainedEntryOf(row: Row) {
  return {
    topicName: row["topic_name"] as string,
    bytes: row["bytes"] as number,
    expiresMs: row["expires_ms"] as number | null,
  };
}

function recordOf(row: Row): MqttMessageRow {
  return {
    timestamp: row["timestamp"] as number,
    key: row["key"] as Uint8Array | null,
    value: row["value"] as Uint8Array | null,
    headers: decodeHeaders(row["headers"] as Uint8Array),
  };
}
