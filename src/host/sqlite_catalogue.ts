/**
 * The catalogue in SQLite, in a thread of its own (see sqlite_worker.ts).
 *
 * @module
 */
import { CATALOGUE_BALLAST_BYTES } from "../base/limits.ts";
import type { Logger } from "../base/log.ts";
import type { LogId, TopicName } from "../base/types.ts";
import type {
  AnnouncedLogRow,
  Catalogue,
  CatalogueState,
  OwnLogRow,
  PeerRow,
  TopicRow,
} from "../store/catalogue.ts";
import { decodeSomeSettings, decodeTopicSettings, encodeTopicSettings } from "../store/settings.ts";
import { SqliteChanges } from "./sqlite_changes.ts";
import { SqliteGroupBook } from "./sqlite_group_book.ts";
import { SqliteMqttBook } from "./sqlite_mqtt_book.ts";
import { type Row, SqliteThread } from "./sqlite_thread.ts";
import type { Statement } from "./sqlite_worker.ts";

const PUT_META = "INSERT OR REPLACE INTO meta VALUES (?, ?)";
const PUT_TOPIC = "INSERT OR REPLACE INTO topics VALUES (?, ?, ?)";
const PUT_OWN_LOG = "INSERT OR REPLACE INTO own_logs VALUES (?, ?, ?, ?, ?, ?, ?)";
const PUT_ANNOUNCED_LOG =
  "INSERT OR REPLACE INTO announced_logs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
const PUT_LOG_PATHS = "INSERT OR REPLACE INTO log_paths VALUES (?, ?, ?)";
const PUT_PEER = "INSERT OR REPLACE INTO peers VALUES (?, ?, ?, ?)";

export class SqliteCatalogue implements Catalogue {
  /** What is kept of MQTT clients, in the same database. */
  readonly mqtt: SqliteMqttBook;
  /** What is kept of consumer groups, there too. */
  readonly groups: SqliteGroupBook;
  readonly #thread: SqliteThread;
  readonly #changes: SqliteChanges;

  private constructor(thread: SqliteThread) {
    this.#thread = thread;
    this.#changes = new SqliteChanges(thread);
    this.mqtt = new SqliteMqttBook(this.#changes);
    this.groups = new SqliteGroupBook(this.#changes);
  }

  /**
   * Opens the database at `path`, or makes it. One that is damaged is set aside and begun anew: the
   * store finds topics and log ids again in the data.
   */
  static async open(path: string, logger: Logger): Promise<SqliteCatalogue> {
    const settings = { path, ballastBytes: CATALOGUE_BALLAST_BYTES };
    const thread = new SqliteThread({ settings, logger });
    await thread.open();
    return new SqliteCatalogue(thread);
  }

  /** Why it answers nothing any more; null while it does. */
  get failure(): string | null {
    return this.#thread.failure;
  }

  async load(): Promise<CatalogueState> {
    const [topics, ownLogs, announcedLogs, peers, meta] = await Promise.all([
      this.#query("SELECT * FROM topics"),
      this.#query("SELECT * FROM own_logs"),
      this.#query("SELECT * FROM announced_logs LEFT JOIN log_paths USING (log_id)"),
      this.#query("SELECT * FROM peers"),
      this.#query("SELECT * FROM meta"),
    ]);
    return {
      topics: topics.map(topicOf),
      ownLogs: ownLogs.map(ownLogOf),
      announcedLogs: announcedLogs.map(announcedLogOf),
      peers: peers.map(peerOf),
      meta: Object.fromEntries(meta.map((row) => [row["key"], row["value"]])),
    };
  }

  /** One fact about the node; null where it was never set. */
  async getMeta(key: string): Promise<string | null> {
    const [row] = await this.#query("SELECT value FROM meta WHERE key = ?", [key]);
    return row === undefined ? null : row["value"] as string;
  }

  setMeta(key: string, value: string): Promise<void> {
    return this.#change([[PUT_META, [key, value]]]);
  }

  putTopic({ name, id, settings, chosen, deleting }: TopicRow): Promise<void> {
    const text = JSON.stringify({
      ...encodeTopicSettings(settings),
      ...(chosen && { chosen: encodeTopicSettings(chosen) }),
      ...(deleting && { deleting }),
    });
    return this.#change([[PUT_TOPIC, [name, id, text]]]);
  }

  deleteTopic(name: TopicName): Promise<void> {
    return this.#change([["DELETE FROM topics WHERE name = ?", [name]]]);
  }

  putOwnLogs(rows: readonly OwnLogRow[]): Promise<void> {
    return this.#change(rows.map((row) => [PUT_OWN_LOG, [
      row.logId,
      row.topic,
      row.partition,
      row.firstOffset,
      row.predecessor,
      row.predecessorEnd,
      row.root,
    ]]));
  }

  deleteOwnLogs(logIds: readonly LogId[]): Promise<void> {
    return this.#change(logIds.map((logId) => ["DELETE FROM own_logs WHERE log_id = ?", [logId]]));
  }

  putAnnouncedLogs(rows: readonly AnnouncedLogRow[]): Promise<void> {
    const pathed = rows.filter((row) => row.pathKey || row.paths?.length);
    return this.#change([...rows.map(announcedLogStatement), ...pathed.map(pathsStatement)]);
  }

  putPeer({ id, name, firstSeenMs, lastSeenMs }: PeerRow): Promise<void> {
    return this.#change([[PUT_PEER, [id, name, firstSeenMs, lastSeenMs]]]);
  }

  async close(): Promise<void> {
    await this.#changes.idle();
    await this.#thread.close();
  }

  #change(statements: readonly Statement[]): Promise<void> {
    return this.#changes.change(statements);
  }

  #query(sql: string, values: Statement[1] = []): Promise<readonly Row[]> {
    return this.#thread.ask({ kind: "query", statement: [sql, values] });
  }
}

function topicOf(row: Row): TopicRow {
  const settings = JSON.parse(row["settings"] as string) as Record<string, unknown>;
  const chosen = settings["chosen"] as Record<string, unknown> | undefined;
  return {
    name: row["name"] as string,
    id: row["id"] as string,
    settings: decodeTopicSettings(settings),
    ...(chosen && { chosen: decodeSomeSettings(chosen) }),
    ...(settings["deleting"] === true && { deleting: true }),
  };
}

function ownLogOf(row: Row): OwnLogRow {
  return {
    logId: row["log_id"] as string,
    topic: row["topic"] as string,
    partition: row["partition"] as number,
    firstOffset: row["first_offset"] as number,
    predecessor: row["predecessor"] as string | null,
    predecessorEnd: row["predecessor_end"] as number,
    root: row["root"] as string,
  };
}

function announcedLogStatement(row: AnnouncedLogRow): Statement {
  return [PUT_ANNOUNCED_LOG, [
    row.logId,
    row.peer,
    row.gateway,
    row.topic,
    row.partition,
    row.firstOffset,
    row.predecessor,
    row.predecessorEnd,
    row.root,
    row.targetTopic,
    row.targetPartition,
    row.closed,
  ]];
}

/** A table of its own: an older logboom reads and writes the other, and knows nothing of paths. */
function pathsStatement({ logId, pathKey, paths }: AnnouncedLogRow): Statement {
  return [PUT_LOG_PATHS, [logId, pathKey ?? null, JSON.stringify(paths ?? [])]];
}

function pathsOf(row: Row): Pick<AnnouncedLogRow, "paths" | "pathKey"> {
  if (row["paths"] === null) return {};
  return {
    paths: JSON.parse(row["paths"] as string) as string[],
    pathKey: row["path_key"] as string | null,
  };
}

function announcedLogOf(row: Row): AnnouncedLogRow {
  return {
    ...ownLogOf(row),
    ...pathsOf(row),
    peer: row["peer"] as string,
    gateway: row["gateway"] as string,
    targetTopic: row["target_topic"] as string,
    targetPartition: row["target_partition"] as number,
    closed: row["closed"] as string | null,
  };
}

function peerOf(row: Row): PeerRow {
  return {
    id: row["id"] as string,
    name: row["name"] as string,
    firstSeenMs: row["first_seen_ms"] as number,
    lastSeenMs: row["last_seen_ms"] as number,
  };
}
