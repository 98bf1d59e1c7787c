/**
 * The thread SQLite lives in, as the catalogue talks to it: one question, one answer. A thread that
 * ends without being told to (it ran out of memory, or into a bug) is replaced: what it was asked is
 * refused, as by a disk in trouble, and what comes next waits for the new one. One that keeps ending
 * is given up, and the node says that it is not ready.
 *
 * @module
 */
import { statfsSync } from "node:fs";
import { messageOf, OperatingError } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import type { WorkerAnswer, WorkerRequest, WorkerSettings } from "./sqlite_worker.ts";

export type Row = Readonly<Record<string, unknown>>;
export type Question = WorkerRequest extends infer One
  ? One extends WorkerRequest ? Omit<One, "id" | "freeBytes"> : never
  : never;

export interface SqliteThreadOptions {
  readonly settings: WorkerSettings;
  readonly logger: Logger;
  /** What the thread runs. */
  readonly program?: URL;
}

interface Waiting {
  readonly resolve: (rows: readonly Row[]) => void;
  readonly reject: (error: unknown) => void;
}

/** So often it may end within so long before it is given up. */
const ENDS_MAX = 3;
const ENDS_WITHIN_MS = 60_000;

export class SqliteThread {
  readonly #options: SqliteThreadOptions;
  readonly #asked = new Map<number, Waiting>();
  #worker: Worker;
  /** Resolves once the database is open in the thread at hand. */
  #opened: Promise<unknown> = Promise.resolve();
  #nextId = 1;
  #endedMs: number[] = [];
  /** Set once nothing is answered any more. */
  #dead: Error | null = null;

  constructor(options: SqliteThreadOptions) {
    this.#options = options;
    this.#worker = this.#spawn();
  }

  /** Why it answers nothing any more; null while it does. */
  get failure(): string | null {
    return this.#dead?.message ?? null;
  }

  /** Opens the database; first of all. */
  async open(): Promise<void> {
    try {
      await this.#ask({ kind: "open", settings: this.#options.settings });
    } catch (error) {
      this.#worker.terminate();
      throw error;
    }
  }

  async ask(question: Question): Promise<readonly Row[]> {
    await this.#opened;
    return await this.#ask(question);
  }

  async close(): Promise<void> {
    if (this.#dead !== null) return;
    await this.ask({ kind: "close" });
    this.#dead = new Error("the catalogue is closed");
    this.#worker.terminate();
  }

  #spawn(): Worker {
    const program = this.#options.program ?? new URL("./sqlite_worker.ts", import.meta.url);
    const worker = new Worker(program.href, { type: "module", name: "catalogue" });
    worker.onmessage = ({ data }: MessageEvent<WorkerAnswer>) => this.#answered(data);
    worker.onerror = (event) => {
      event.preventDefault();
      if (worker === this.#worker) this.#ended(new Error(event.message));
    };
    return worker;
  }

  #ask(question: Question): Promise<readonly Row[]> {
    return new Promise((resolve, reject) => {
      if (this.#dead !== null) return reject(this.#trouble(this.#dead.message, false));
      const id = this.#nextId++;
      this.#asked.set(id, { resolve, reject });
      const message = { ...question, id, freeBytes: this.#freeBytes() } as WorkerRequest;
      this.#worker.postMessage(message);
    });
  }

  #answered({ id, rows, setAside, error }: WorkerAnswer): void {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    const { logger, settings: { path } } = this.#options;
    if (setAside !== undefined) {
      logger.error("catalogue_set_aside", { path, kept_at: setAside });
    }
    if (error === undefined) asked?.resolve(rows ?? []);
    else asked?.reject(this.#trouble(error.message, error.full));
  }

  #ended(error: Error): void {
    const { logger, settings } = this.#options;
    const now = performance.now();
    this.#endedMs = [...this.#endedMs.filter((at) => now - at < ENDS_WITHIN_MS), now];
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    this.#worker.terminate();
    if (this.#endedMs.length > ENDS_MAX) {
      this.#dead = error;
      logger.error("catalogue_failed", { path: settings.path, error: error.message });
    } else {
      logger.error("catalogue_thread_replaced", { path: settings.path, error: error.message });
      this.#worker = this.#spawn();
      this.#opened = this.#ask({ kind: "open", settings }).catch((trouble) => {
        // Asked again by the next change, which finds no database open.
        logger.error("catalogue_not_opened", { path: settings.path, error: messageOf(trouble) });
      });
    }
    for (const { reject } of asked) reject(this.#trouble(error.message, false));
  }

  #freeBytes(): number {
    try {
      const { bavail, bsize } = statfsSync(
        this.#options.settings.path.replace(/[^/]*$/, "") || ".",
      );
      return bavail * bsize;
    } catch {
      return 0;
    }
  }

  #trouble(message: string, full: boolean): OperatingError {
    const { path } = this.#options.settings;
    const place = `Cannot use the catalogue at "${path}": ${message}`;
    return new OperatingError(full ? "storage_full" : "storage_failed", place, { path });
  }
}
