/**
 * The thread SQLite lives in, because node:sqlite is synchronous and a commit of it waits for the
 * disk. It takes one message after another: a list of statements is one transaction.
 *
 * Settings, and why: WAL with `synchronous=FULL`, so that a commit is durable when it returns; a
 * small `wal_autocheckpoint`, because each changed row takes whole pages of WAL; a ballast file,
 * because at zero bytes free the first commit would fail: it is given up when SQLite finds the disk
 * full, and made again when there is room. The database is given free pages, and its WAL a size,
 * beforehand too, so that the ballast is seldom needed at all.
 *
 * A web worker, and Deno's own file calls: what Node's bring along costs each thread 5 MB.
 *
 * @module
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { messageOf } from "../base/errors.ts";
import { MQTT_BOOK_NEW, SQLITE_SCHEMA } from "./sqlite_schema.ts";

export interface WorkerSettings {
  readonly path: string;
  readonly ballastBytes: number;
}

export type Statement = readonly [sql: string, values: readonly SQLInputValue[]];

export type WorkerRequest =
  & { readonly id: number; /** On the disk of the database. */ readonly freeBytes: number }
  & (
    | { readonly kind: "open"; readonly settings: WorkerSettings }
    | { readonly kind: "change"; readonly statements: readonly Statement[] }
    | { readonly kind: "query"; readonly statement: Statement }
    | { readonly kind: "close" }
  );

export interface WorkerAnswer {
  readonly id: number;
  readonly rows?: readonly Record<string, unknown>[];
  /** Where a damaged database was set aside, when this request found it damaged. */
  readonly setAside?: string;
  readonly error?: { readonly message: string; readonly full: boolean };
}

/** Pages of WAL after which it is folded into the database. */
const WAL_PAGES = 64;
/** Pages for rows to come, in the database file itself. */
const FREE_PAGES_MIN = 64;
/** Damage in them shows at once. */
const TABLES_READ_AT_START = [
  ...["topics", "own_logs", "announced_logs", "peers", "meta"],
  ...["mqtt_sessions", "mqtt_retained"],
];
/** By message, because not every error of node:sqlite carries SQLite's code. */
const DAMAGED = /malformed|not a database/i;
const FULL = /disk is full|disk I\/O error|unable to open database/i;

/** A worker's global scope; the types at hand are the main thread's. */
const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<WorkerRequest>) => void;
  postMessage(answer: WorkerAnswer): void;
};
let settings: WorkerSettings = { path: "", ballastBytes: 0 };
let ballastPath = "";
let freeBytes = 0;
let database: DatabaseSync | null = null;
const prepared = new Map<string, StatementSync>();

scope.onmessage = ({ data }) => {
  freeBytes = data.freeBytes;
  scope.postMessage(answer(data));
};

function answer(request: WorkerRequest): WorkerAnswer {
  const { id } = request;
  try {
    switch (request.kind) {
      case "open":
        settings = request.settings;
        ballastPath = `${settings.path}.ballast`;
        return { id, ...openOrSetAside() };
      case "change":
        withBallast(() => change(request.statements));
        makeBallast();
        return { id };
      case "query":
        return { id, rows: statementOf(request.statement[0]).all(...request.statement[1]) };
      case "close":
        prepared.clear();
        database?.close();
        database = null;
        // Closing removed the WAL: its space is kept for the next start.
        makeBallast(0);
        return { id };
    }
  } catch (error) {
    return { id, error: { message: messageOf(error), full: FULL.test(messageOf(error)) } };
  }
}

/** A database that cannot be read does not stop the start: it is kept as evidence, and begun anew. */
function openOrSetAside(): Pick<WorkerAnswer, "setAside"> {
  makeBallast();
  try {
    withBallast(open);
    return {};
  } catch (error) {
    if (!DAMAGED.test(messageOf(error))) throw error;
  }
  const setAside = setDatabaseAside();
  withBallast(open);
  return { setAside };
}

function open(): void {
  prepared.clear();
  database?.close();
  database = null;
  const opened = new DatabaseSync(settings.path);
  try {
    opened.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA wal_autocheckpoint = ${WAL_PAGES};
    `);
    const isOlder = hasTable(opened, "meta") && !hasTable(opened, "mqtt_sessions");
    opened.exec(SQLITE_SCHEMA);
    if (isOlder) opened.exec(`INSERT OR REPLACE INTO meta VALUES ('${MQTT_BOOK_NEW}', '1')`);
    // Reads what the node needs at once, so that damage shows now.
    for (const table of TABLES_READ_AT_START) {
      opened.prepare(`SELECT count(*) FROM ${table}`).get();
    }
    database = opened;
    growBeforehand(opened);
  } catch (error) {
    opened.close();
    throw error;
  }
}

function hasTable(opened: DatabaseSync, name: string): boolean {
  return opened.prepare("SELECT 1 FROM sqlite_master WHERE name = ?").get(name) !== undefined;
}

/** Writes and removes a large row: its pages stay in the files, for rows to come. */
function growBeforehand(opened: DatabaseSync): void {
  const { freelist_count: free } = opened.prepare("PRAGMA freelist_count").get() as {
    freelist_count: number;
  };
  if (free >= FREE_PAGES_MIN) return;
  try {
    opened.exec("INSERT OR REPLACE INTO meta VALUES ('space', hex(zeroblob(256 * 1024)))");
    opened.exec("DELETE FROM meta WHERE key = 'space'");
  } catch {
    // No space to keep: the ballast has to do.
  }
}

function setDatabaseAside(): string {
  for (let number = 1;; number++) {
    const aside = `${settings.path}.damaged-${number}`;
    if (sizeOf(aside) !== null) continue;
    Deno.renameSync(settings.path, aside);
    for (const suffix of ["-wal", "-shm"]) {
      if (sizeOf(settings.path + suffix) !== null) {
        Deno.renameSync(settings.path + suffix, aside + suffix);
      }
    }
    return aside;
  }
}

function change(statements: readonly Statement[]): void {
  // After a failed open in between, the next change tries again.
  if (database === null) open();
  database!.exec("BEGIN IMMEDIATE");
  try {
    for (const [sql, values] of statements) statementOf(sql).run(...values);
    database!.exec("COMMIT");
  } catch (error) {
    if (database!.isTransaction) database!.exec("ROLLBACK");
    throw error;
  }
}

function statementOf(sql: string): StatementSync {
  const known = prepared.get(sql);
  if (known !== undefined) return known;
  const statement = database!.prepare(sql);
  prepared.set(sql, statement);
  return statement;
}

/** Does `action`; when the disk is full, once more with the ballast's space. */
function withBallast(action: () => void): void {
  try {
    return action();
  } catch (error) {
    if (!FULL.test(messageOf(error)) || sizeOf(ballastPath) === null) throw error;
    Deno.removeSync(ballastPath);
  }
  action();
}

/** Makes it where that leaves `spareBytes` free. */
function makeBallast(spareBytes = settings.ballastBytes): void {
  try {
    if ((sizeOf(ballastPath) ?? 0) >= settings.ballastBytes) return;
    // Not while the disk is so full that the ballast itself would be in the way.
    if (freeBytes < settings.ballastBytes + spareBytes) return;
    Deno.writeFileSync(ballastPath, new Uint8Array(settings.ballastBytes));
  } catch {
    // Tried again after the next change.
  }
}

/** Null where there is no such file. */
function sizeOf(path: string): number | null {
  try {
    return Deno.statSync(path).size;
  } catch {
    return null;
  }
}
