/**
 * Export files on a medium: sections are gathered into files of a bounded size, each of which stands
 * for itself, logs it names and all. A file has its name only once it is sealed and synced.
 *
 * @module
 */
import { messageOf, OperatingError } from "../base/errors.ts";
import { REPLICATION_ANNOUNCE_LOGS_MAX } from "../base/link_limits.ts";
import type { LogId } from "../base/types.ts";
import { type ExportHead, ExportWriter, sectionBytes } from "../format/export_file.ts";
import { encodeLogs, type LogAnnouncement } from "../protocol/replication/announce.ts";
import { decodeAppend } from "../protocol/replication/append_frames.ts";
import type { Checksum } from "../protocol/replication/checksum.ts";
import { type ExportPart } from "../replication/export_source.ts";
import { sourceBatches } from "../replication/importer.ts";

export interface ExportFilesOptions {
  /** A file, or a directory that is there: then as many files as it takes. */
  readonly to: string;
  /** Of one file; null for no bound. */
  readonly maxBytes: number | null;
  readonly head: Omit<ExportHead, "part">;
  readonly crc32c: Checksum;
}

export interface WrittenFile {
  readonly path: string;
  readonly bytes: number;
  readonly records: number;
}

interface OpenFile {
  readonly path: string;
  readonly file: Deno.FsFile;
  readonly writer: ExportWriter;
  /** Logs that stand in it. */
  readonly announced: Set<LogId>;
  records: number;
}

export class ExportFiles {
  readonly written: WrittenFile[] = [];
  /** Records that found no place in the one file there may be. */
  leftOut = 0;
  readonly #options: ExportFilesOptions;
  readonly #isDirectory: boolean;
  readonly #logs = new Map<LogId, LogAnnouncement>();
  #open: OpenFile | null = null;

  constructor(options: ExportFilesOptions) {
    this.#options = options;
    this.#isDirectory = isDirectory(options.to);
  }

  /** @throws {OperatingError} `storage_failed` when the medium cannot be written to */
  async add(part: ExportPart): Promise<void> {
    if (part.kind === "announce") {
      for (const log of part.logs) this.#logs.set(log.logId, log);
      return;
    }
    const logs = this.#logsOf(part.body);
    if (this.leftOut > 0 || !this.#fits(part.body, logs)) {
      if (!this.#isDirectory) {
        this.leftOut += part.records;
        return;
      }
      await this.#seal();
    }
    const open = this.#open ??= await this.#begin();
    await this.#announce(open, logs);
    open.records += part.records;
    await this.#write(
      open,
      open.writer.section({ kind: "append", payload: part.body }, part.records),
    );
  }

  /** Seals the last file; without records there is one all the same, unless it is a directory. */
  async finish(): Promise<void> {
    if (this.#open === null && this.written.length === 0) this.#open = await this.#begin();
    await this.#seal();
  }

  /** Leaves nothing behind of a file that was not sealed. */
  async abandon(): Promise<void> {
    if (this.#open === null) return;
    this.#open.file.close();
    await Deno.remove(unsealed(this.#open.path)).catch(() => {});
    this.#open = null;
  }

  /** Logs of a body, each behind the runs before it. */
  #logsOf(body: Uint8Array): LogAnnouncement[] {
    const wanted = new Set<LogId>();
    for (const { frames } of decodeAppend(body, this.#options.crc32c)) {
      for (const frame of frames) {
        if (frame.kind === "skip") wanted.add(frame.skip.logId);
        else if (frame.kind === "batches") {
          for (const { logId } of sourceBatches(frame.bytes)) wanted.add(logId);
        }
      }
    }
    const found = new Map<LogId, LogAnnouncement>();
    const add = (logId: LogId | null) => {
      const log = logId === null ? undefined : this.#logs.get(logId);
      if (log === undefined || found.has(log.logId)) return;
      add(log.predecessor);
      found.set(log.logId, log);
    };
    for (const logId of wanted) add(logId);
    return [...found.values()];
  }

  #fits(body: Uint8Array, logs: readonly LogAnnouncement[]): boolean {
    const { maxBytes } = this.#options;
    if (maxBytes === null || this.#open === null || this.#open.records === 0) return true;
    const announced = sectionBytes(encodeLogs(logs).length);
    return this.#open.writer.sealedBytes + announced + sectionBytes(body.length) <= maxBytes;
  }

  async #begin(): Promise<OpenFile> {
    const { to, head, crc32c } = this.#options;
    const part = this.written.length + 1;
    const name = head.nodeName.replace(/[^a-zA-Z0-9._-]/g, "_");
    const path = this.#isDirectory
      ? `${to}/logboom-${name}-${head.run}-${String(part).padStart(4, "0")}.export`
      : to;
    const file = await onMedium(
      path,
      () => Deno.open(unsealed(path), { write: true, createNew: true }),
    );
    const writer = new ExportWriter(crc32c);
    const open = { path, file, writer, announced: new Set<LogId>(), records: 0 };
    await this.#write(open, writer.begin({ ...head, part }));
    return open;
  }

  async #announce(open: OpenFile, logs: readonly LogAnnouncement[]): Promise<void> {
    const fresh = logs.filter(({ logId }) => !open.announced.has(logId));
    for (let at = 0; at < fresh.length; at += REPLICATION_ANNOUNCE_LOGS_MAX) {
      const payload = encodeLogs(fresh.slice(at, at + REPLICATION_ANNOUNCE_LOGS_MAX));
      await this.#write(open, open.writer.section({ kind: "announce", payload }));
    }
    for (const { logId } of fresh) open.announced.add(logId);
  }

  async #seal(): Promise<void> {
    const open = this.#open;
    if (open === null) return;
    const { path, file, records } = open;
    await this.#write(open, open.writer.end());
    await onMedium(path, async () => {
      await file.sync();
      const { size } = await file.stat();
      file.close();
      await Deno.rename(unsealed(path), path);
      this.written.push({ path, bytes: size, records });
    });
    this.#open = null;
  }

  async #write({ path, file }: OpenFile, bytes: Uint8Array): Promise<void> {
    await onMedium(path, async () => {
      for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
    });
  }
}

function unsealed(path: string): string {
  return `${path}.unsealed`;
}

function isDirectory(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

async function onMedium<Result>(path: string, action: () => Promise<Result>): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof OperatingError) throw error;
    const state = error instanceof Deno.errors.AlreadyExists
      ? `${unsealed(path)} is there already: remove what an earlier export left`
      : messageOf(error);
    throw new OperatingError("storage_failed", `Cannot write ${path}: ${state}`, { path }, error);
  }
}
