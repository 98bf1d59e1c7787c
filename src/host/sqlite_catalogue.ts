/**
 * The catalogue in SQLite, in a thread of its own (see sqlite_worker.ts). Changes that are asked
 * for while a transaction runs share the next one: after a start every partition writes a row.
 *
 * @module
 */
import { statfsSync } from "node:fs";
import { OperatingError } from "../base/errors.ts";
import { CATALOGUE_BALLAST_BYTES } from "../base/limits.ts";
import type { Logger } from "../base/log.ts";
import type { LogId } from "../base/types.ts";
import type {
  AnnouncedLogRow,
  Catalogue,
  CatalogueState,
  CommittedOffsetRow,
  OwnLogRow,
  PeerRow,
  TopicRow,
} from "../store/catalogue.ts";
import { decodeTopicSettings, encodeTopicSettings } from "../store/settings.ts";
import type { Statement, WorkerAnswer, WorkerRequest, WorkerSettings } from "./sqlite_worker.ts";

type Row = Readonly<Record<string, unknown>>;
type Ask = WorkerRequest extends infer One
  ? One extends WorkerRequest ? Omit<One, "id" | "freeBytes"> : never
  : never;

interface Waiting {
  readonly resolve: (rows: readonly Row[]) => void;
  readonly reject: (error: unknown) => void;
}

interface Change extends Waiting {
  readonly statements: readonly Statement[];
}

const PUT_META = "INSERT OR REPLACE INTO meta VALUES (?, ?)";
const PUT_TOPIC = "INSERT OR REPLACE INTO topics VALUES (?, ?, ?)";
const PUT_OWN_LOG = "INSERT OR REPLACE INTO own_logs VALUES (?, ?, ?, ?, ?, ?, ?)";
const PUT_ANNOUNCED_LOG =
  "INSERT OR REPLACE INTO announced_logs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
const PUT_LOG_PATHS = "INSERT OR REPLACE INTO log_paths VALUES (?, ?, ?)";
const PUT_PEER = "INSERT OR REPLACE INTO peers VALUES (?, ?, ?, ?)";
const PUT_OFFSET = "INSERT OR REPLACE INTO committed_offsets VALUES (?, ?, ?, ?, ?, ?)";

export class SqliteCatalogue implements Catalogue {
  readonly #worker: Worker;
  readonly #path: string;
  readonly #logger: Logger;
  readonly #asked = new Map<number, Waiting>();
  #nextId = 1;
  #changes: Change[] = [];
  #changing = false;
  /** Set when the thread ended, which it only does when told to. */
  #dead: Error | null = null;

  private constructor(path: string, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
    const thread = new URL("./sqlite_worker.ts", import.meta.url);
    this.#worker = new Worker(thread.href, { type: "module", name: "catalogue" });
    this.#worker.onmessage = ({ data }: MessageEvent<WorkerAnswer>) => this.#answered(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#died(new Error(event.message));
    };
  }

  /**
   * Opens the database at `path`, or makes it. One that is damaged is set aside and begun anew: the
   * store finds topics and log ids again in the data.
   */
  static async open(path: string, logger: Logger): Promise<SqliteCatalogue> {
    const settings: WorkerSettings = { path, ballastBytes: CATALOGUE_BALLAST_BYTES };
    const catalogue = new SqliteCatalogue(path, logger);
    try {
      await catalogue.#ask({ kind: "open", settings });
    } catch (error) {
      catalogue.#worker.terminate();
      throw error;
    }
    return catalogue;
  }

  /** Why it answers nothing any more; null while it does. */
  get failure(): string | null {
    return this.#dead?.message ?? null;
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

  putTopic({ name, id, settings }: TopicRow): Promise<void> {
    return this.#change([[PUT_TOPIC, [name, id, JSON.stringify(encodeTopicSettings(settings))]]]);
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

  async committedOffsets(group: string): Promise<CommittedOffsetRow[]> {
    const rows = await this.#query("SELECT * FROM committed_offsets WHERE group_id = ?", [group]);
    return rows.map(committedOffsetOf);
  }

  putCommittedOffsets(rows: readonly CommittedOffsetRow[]): Promise<void> {
    return this.#change(rows.map((row) => [PUT_OFFSET, [
      row.group,
      row.topic,
      row.partition,
      row.offset,
      row.leaderEpoch,
      row.metadata,
    ]]));
  }

  async close(): Promise<void> {
    if (this.#dead !== null) return;
    await this.#ask({ kind: "close" });
    this.#dead = new Error("the catalogue is closed");
    this.#worker.terminate();
  }

  #change(statements: readonly Statement[]): Promise<void> {
    if (statements.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#changes.push({ statements, resolve: () => resolve(), reject });
      if (!this.#changing) void this.#writeChanges();
    });
  }

  async #writeChanges(): Promise<void> {
    this.#changing = true;
    while (this.#changes.length > 0) {
      const changes = this.#changes;
      this.#changes = [];
      try {
        const statements = changes.flatMap((change) => change.statements);
        await this.#ask({ kind: "change", statements });
        for (const { resolve } of changes) resolve([]);
      } catch (error) {
        for (const { reject } of changes) reject(error);
      }
    }
    this.#changing = false;
  }

  #query(sql: string, values: Statement[1] = []): Promise<readonly Row[]> {
    return this.#ask({ kind: "query", statement: [sql, values] });
  }

  #ask(request: Ask): Promise<readonly Row[]> {
    return new Promise((resolve, reject) => {
      if (this.#dead !== null) return reject(this.#trouble(this.#dead.message, false));
      const id = this.#nextId++;
      this.#asked.set(id, { resolve, reject });
      const message = { ...request, id, freeBytes: this.#freeBytes() } as WorkerRequest;
      this.#worker.postMessage(message);
    });
  }

  #freeBytes(): number {
    try {
      const { bavail, bsize } = statfsSync(this.#path.replace(/[^/]*$/, "") || ".");
      return bavail * bsize;
    } catch {
      return 0;
    }
  }

  #answered({ id, rows, setAside, error }: WorkerAnswer): void {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    if (setAside !== undefined) {
      this.#logger.error("catalogue_set_aside", { path: this.#path, kept_at: setAside });
    }
    if (error === undefined) asked?.resolve(rows ?? []);
    else asked?.reject(this.#trouble(error.message, error.full));
  }

  #died(error: Error): void {
    this.#dead = error;
    for (const { reject } of this.#asked.values()) reject(this.#trouble(error.message, false));
    this.#asked.clear();
  }

  #trouble(message: string, full: boolean): OperatingError {
    const place = `Cannot use the catalogue at "${this.#path}": ${message}`;
    return new OperatingError(full ? "storage_full" : "storage_failed", place, {
      path: this.#path,
    });
  }
}

function topicOf(row: Row): TopicRow {
  return {
    name: row["name"] as string,
    id: row["id"] as string,
    settings: decodeTopicSettings(JSON.parse(row["settings"] as string)),
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

function committedOffsetOf(row: Row): CommittedOffsetRow {
  return {
    group: row["group_id"] as string,
    topic: row["topic"] as string,
    partition: row["partition"] as number,
    offset: row["committed_offset"] as number,
    leaderEpoch: row["leader_epoch"] as number,
    metadata: row["metadata"] as string,
  };
}
